//! What the figures were made on: they mean nothing without it.

use std::fs::{self, File};
use std::io::Write as _;
use std::time::Instant;

#[cfg(target_os = "linux")]
use anyhow::Context as _;

use crate::Extent;
use crate::rounds::quantile;

/// Writes to the disk that are timed.
const WRITES: usize = 200;

/// Bytes of each.
const PAGE_BYTES: usize = 4_096;

/// Tells the machine, how busy it is with other things, and what a commit costs on its disk.
///
/// # Errors
/// If nothing can be written to the folder.
pub fn tell(extent: &Extent) -> anyhow::Result<()> {
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    let model = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    println!("{processors} processors ({model}), {}-{}", std::env::consts::ARCH, std::env::consts::OS);
    tell_load();
    let mut times = sync_times(extent)?;
    println!(
        "4 KiB written and synchronised below {}: {:.0} µs (p50), {:.0} µs (p99)",
        extent.folder().parent().unwrap_or(extent.folder()).display(),
        quantile(&mut times, 0.5),
        quantile(&mut times, 0.99),
    );
    Ok(())
}

/// Bytes of this process that are in memory.
///
/// # Errors
/// If the kernel does not tell: only Linux does.
#[cfg(target_os = "linux")]
pub fn resident_bytes() -> anyhow::Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the kernel tells it")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1_024.0)
}

/// Bytes of this process that are in memory.
///
/// # Errors
/// Always: they are read from /proc, which only Linux has.
#[cfg(not(target_os = "linux"))]
pub fn resident_bytes() -> anyhow::Result<f64> {
    anyhow::bail!("resident memory is read from /proc, which only Linux has")
}

/// Tells how much waits for the processors, this program included.
pub fn tell_load() {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_else(|_| "unknown".to_owned());
    println!("load of the last 1, 5 and 15 minutes: {}", load.split(' ').take(3).collect::<Vec<_>>().join(", "));
}

/// Time that the processors have spent on this program so far, all threads together. Unlike time on the wall it hardly
/// depends on what else runs.
pub fn processor_seconds() -> f64 {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn sync_times(extent: &Extent) -> anyhow::Result<Vec<f64>> {
    let path = extent.folder().join("synchronised");
    let mut file = File::create(&path)?;
    let mut times = Vec::with_capacity(WRITES);
    for _ in 0..WRITES {
        file.write_all(&[7; PAGE_BYTES])?;
        let begun = Instant::now();
        file.sync_data()?;
        times.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    fs::remove_file(path)?;
    Ok(times)
}
