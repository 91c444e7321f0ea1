//! Steps of a task: each is named, timed, shown, and can be repeated alone.
//!
//! The programs that a step runs write to the terminal themselves, so that none of their output is lost.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// The result of a step.
pub enum Done {
    /// It holds.
    Passed,
    /// It could not be run on this machine, and why. Nothing is wrong with the project.
    Skipped(String),
}

/// One step.
pub struct Step {
    /// Its name.
    pub name: &'static str,
    /// What holds when it has passed.
    pub about: &'static str,
    /// Does it.
    pub run: fn() -> anyhow::Result<Done>,
}

/// Does the steps in order, until one fails, and says how long each took.
pub fn run_all(task: &str, steps: &[&Step]) -> anyhow::Result<()> {
    let mut times: Vec<(&Step, Duration, Done)> = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        println!("\n━━ {}/{} {}: {}", number + 1, steps.len(), step.name, step.about);
        let begin = Instant::now();
        let done = (step.run)();
        let took = begin.elapsed();
        match done {
            Ok(done) => times.push((step, took, done)),
            Err(error) => {
                summary(&times);
                println!("{:>7.1} s  {}  FAILED", took.as_secs_f64(), step.name);
                bail!("{error:#}\nhelp: to repeat this step alone: cargo xtask {task} --only {}", step.name);
            }
        }
    }
    summary(&times);
    let total: Duration = times.iter().map(|(_, took, _)| *took).sum();
    println!("{:>7.1} s  in all; everything holds", total.as_secs_f64());
    Ok(())
}

fn summary(times: &[(&Step, Duration, Done)]) {
    println!();
    for (step, took, done) in times {
        let skipped = match done {
            Done::Passed => String::new(),
            Done::Skipped(why) => format!("  skipped: {why}"),
        };
        println!("{:>7.1} s  {}{skipped}", took.as_secs_f64(), step.name);
    }
}

/// How many things can be computed at the same time.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A command in the root of the repository, with the shared target folder.
pub fn command(program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(crate::root()).env("CARGO_TARGET_DIR", crate::target_folder());
    // What `cargo run` tells this program of its package. The build script of ring looks at it, so that with it ring,
    // and all that stands on it, would be built again each time.
    let is_of_package = |name: &OsStr| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
    };
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_package(name)) {
        command.env_remove(name);
    }
    command
}

/// `cargo` as it called us.
pub fn cargo(arguments: &[&str]) -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), arguments)
}

/// Runs it with its output shown, and fails if it fails.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    println!("$ {}", shown(command));
    let status = command.status().with_context(|| format!("`{}` could not be started", shown(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

/// Whether it can be run; prints nothing.
pub fn works(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// As you would type it, from the root of the repository.
pub fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args()).map(|word| {
        let word = word.to_string_lossy();
        let root = format!("{}{}", crate::root().display(), std::path::MAIN_SEPARATOR);
        let word = word.replace(&root, "");
        if word.contains(' ') { format!("'{word}'") } else { word }
    });
    words.collect::<Vec<_>>().join(" ")
}
