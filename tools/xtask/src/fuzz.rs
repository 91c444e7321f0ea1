//! `cargo xtask fuzz`: libFuzzer on the installed toolchain.
//!
//! `cargo fuzz` asks for a nightly compiler because of the sanitizers; coverage alone, which is what guides the fuzzer,
//! works on a stable one. It still needs a C++ compiler, for libFuzzer itself; without one, the step says so and is
//! skipped.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use clap::Args;

use crate::steps::{Done, cargo, command, processors, run, shown, works};

/// Seconds for each target within `cargo xtask test`.
const BRIEF_SECONDS: u32 = 15;

/// What libFuzzer needs compiled in: counters of edges, their addresses, and the values that are compared.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";

/// A fuzz target: its name, and the folders of the repository with inputs to start from.
const TARGETS: &[Target] = &[
    ("compile", &["fuzz/seeds/compile", "automata", "tests/cases"]),
    ("address", &["fuzz/seeds/address"]),
    ("announcement", &["fuzz/seeds/announcement"]),
    ("backup", &["fuzz/seeds/backup"]),
    ("claim", &["fuzz/seeds/claim"]),
    ("commons_sync", &["fuzz/seeds/commons_sync"]),
    ("document", &["fuzz/seeds/document"]),
    ("frame", &["fuzz/seeds/frame"]),
    ("handshake", &["fuzz/seeds/handshake"]),
    ("key_file", &["fuzz/seeds/key_file"]),
    ("rpc", &["fuzz/seeds/rpc"]),
    ("sealed", &["fuzz/seeds/sealed"]),
    ("script", &["fuzz/seeds/script", "tests/scenarios"]),
    ("statement", &["fuzz/seeds/statement"]),
    ("stun", &["fuzz/seeds/stun"]),
    ("trace", &["fuzz/seeds/trace"]),
    ("yamux", &["fuzz/seeds/yamux"]),
];

/// The target that is not a program of libFuzzer: random definitions of automata, compiled and run (`tests/soundness`).
const DEFINITIONS: &str = "definitions";

/// Definitions in a batch, which takes about a minute.
const BATCH: u64 = 100;

/// Feed the fuzz targets for a while
#[derive(Args)]
#[command(
    after_help = "`definitions` makes random definitions of automata, compiles them, and runs some beside the interpreter and a replay. Failures\n\
    are kept in target/soundness/failed/. Without an end: cargo xtask fuzz definitions --seconds 4000000000\n\n\
    Findings of all other targets are written to fuzz/artifacts/TARGET/. To try one again, give it as FILE:\n  \
    cargo xtask fuzz compile fuzz/artifacts/compile/crash-0123"
)]
pub struct Fuzz {
    /// The targets [default: all]
    target: Option<String>,
    /// Try only these inputs, once
    files: Vec<PathBuf>,
    /// How long to run each target
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

impl Fuzz {
    pub fn run(self) -> anyhow::Result<()> {
        if self.target.as_deref() == Some(DEFINITIONS) {
            return definitions(self.seconds);
        }
        if let Some(name) = &self.target
            && TARGETS.iter().all(|(target, _)| target != name)
        {
            let known: Vec<&str> = TARGETS.iter().map(|(target, _)| *target).chain([DEFINITIONS]).collect();
            bail!("there is no fuzz target `{name}`; there are: {}", known.join(", "));
        }
        let chosen = TARGETS.iter().filter(|(name, _)| self.target.as_deref().is_none_or(|target| target == *name));
        match feed_all(&chosen.collect::<Vec<_>>(), &self.files, self.seconds)? {
            Done::Passed if self.target.is_none() => definitions(self.seconds),
            Done::Passed => Ok(()),
            Done::Skipped(why) => bail!("{why}"),
        }
    }
}

/// Batches of definitions that nobody has seen before, until so many seconds are over; at least one.
fn definitions(seconds: u32) -> anyhow::Result<()> {
    let begin = std::time::Instant::now();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).context("the clock is before 1970")?;
    for batch in 0.. {
        let first = now.as_secs() * 1_000 + batch * BATCH;
        println!("definitions {first} to {}", first + BATCH - 1);
        let mut command = cargo(&["test", "--quiet", "--package", "soundness", "--test", "random"]);
        run(command.env("SOUNDNESS_FIRST", first.to_string()).env("SOUNDNESS_DEFINITIONS", BATCH.to_string()))?;
        if begin.elapsed().as_secs() >= u64::from(seconds) {
            break;
        }
    }
    Ok(())
}

/// Every target for some seconds.
pub fn briefly() -> anyhow::Result<Done> {
    feed_all(&TARGETS.iter().collect::<Vec<_>>(), &[], BRIEF_SECONDS)
}

/// A target, and the folders with its inputs.
type Target = (&'static str, &'static [&'static str]);

/// Builds these targets, and then runs as many at a time as there are processors.
fn feed_all(targets: &[&Target], files: &[PathBuf], seconds: u32) -> anyhow::Result<Done> {
    if !has_cpp_compiler() {
        return Ok(Done::Skipped("libFuzzer needs a C++ compiler (c++, or the one named by CXX)".to_owned()));
    }
    let host = host()?;
    // With a target named, build scripts and macros are built without the counters, which only libFuzzer can link.
    let mut build = cargo(&["build", "--release", "--manifest-path", "fuzz/Cargo.toml", "--target", &host]);
    build.args(targets.iter().flat_map(|(name, _)| ["--bin", name]));
    run(build.env("RUSTFLAGS", COVERAGE).env_remove("CARGO_ENCODED_RUSTFLAGS"))?;
    for some in targets.chunks(processors()) {
        std::thread::scope(|scope| {
            let fed = some
                .iter()
                .map(|target| scope.spawn(|| feed(target, files, seconds, &host, some.len() == 1)))
                .collect::<Vec<_>>();
            fed.into_iter().try_for_each(|fed| fed.join().expect("feeding does not panic"))
        })?;
    }
    Ok(Done::Passed)
}

fn feed((name, seeds): &Target, files: &[PathBuf], seconds: u32, host: &str, is_alone: bool) -> anyhow::Result<()> {
    let root = crate::root();
    let program = crate::target_folder().join(host).join("release").join(name);
    let artifacts = root.join("fuzz/artifacts").join(name);
    create(&artifacts)?;
    let mut fuzzer = command(program, &["-timeout=10", "-rss_limit_mb=4096", "-print_final_stats=1", "-verbosity=0"]);
    fuzzer.arg(format!("-artifact_prefix={}{}", artifacts.display(), std::path::MAIN_SEPARATOR));
    let files: Vec<PathBuf> = files.iter().map(std::path::absolute).collect::<Result<_, _>>()?;
    if files.is_empty() {
        let corpus = crate::target_folder().join("fuzz-corpus").join(name);
        create(&corpus)?;
        fuzzer.args([format!("-max_total_time={seconds}"), "-max_len=16384".to_owned()]);
        let dictionary = root.join("fuzz").join(format!("{name}.dict"));
        if dictionary.exists() {
            fuzzer.arg(format!("-dict={}", dictionary.display()));
        }
        fuzzer.arg(corpus).args(seeds.iter().map(|seed| root.join(seed)).filter(|seed| seed.exists()));
    } else {
        fuzzer.args(files);
    }
    run_quietly(&mut fuzzer, is_alone).with_context(|| {
        format!("the input is below fuzz/artifacts/{name}/; to try it again: cargo xtask fuzz {name} FILE")
    })
}

/// Runs the fuzzer and shows its output: after it has ended, unless it runs alone. The dictionary that it recommends
/// at the end, a screen full of bytes, is left out.
fn run_quietly(fuzzer: &mut Command, is_alone: bool) -> anyhow::Result<()> {
    let mut said = format!("$ {}\n", shown(fuzzer));
    let mut child = fuzzer.stderr(Stdio::piped()).spawn().with_context(|| format!("`{}`", shown(fuzzer)))?;
    let mut is_shown = true;
    for line in BufReader::new(child.stderr.take().expect("it is a pipe")).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        is_shown &= !line.contains("Recommended dictionary.");
        if is_shown {
            said += &line;
            said.push('\n');
            if is_alone {
                eprint!("{}", std::mem::take(&mut said));
            }
        }
        is_shown |= line.contains("End of recommended dictionary.");
    }
    let status = child.wait()?;
    eprint!("{said}");
    if !status.success() {
        bail!("`{}` failed ({status})", shown(fuzzer));
    }
    Ok(())
}

fn create(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("{} could not be made", folder.display()))
}

fn has_cpp_compiler() -> bool {
    let compiler = std::env::var_os("CXX").unwrap_or_else(|| "c++".into());
    works(Command::new(compiler).arg("--version"))
}

/// The triple of this machine.
pub fn host() -> anyhow::Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output().context("`rustc -vV` could not be started")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("`rustc -vV` names no host")
}
