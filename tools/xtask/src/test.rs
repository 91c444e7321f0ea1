//! `cargo xtask test`: everything that must hold before a change is accepted, on any machine that has Rust.
//!
//! What is quick and often forgotten comes first. One target folder, and few different builds, so that it stays a
//! matter of minutes.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::bail;
use clap::Args;

use crate::steps::{Done, Step, cargo, run, run_all, works};

/// All steps, in order.
const STEPS: &[Step] = &[
    Step { name: "toolchain", about: "rustfmt and clippy are installed", run: toolchain },
    Step { name: "format", about: "the sources are formatted", run: format },
    Step {
        name: "dependencies",
        about: "licences, bans, sources, and known flaws where a copy of the database is here",
        run: crate::dependencies::check,
    },
    Step { name: "check", about: "the definitions have no findings", run: definitions },
    Step { name: "generated", about: "generated/ is up to date", run: generated },
    Step { name: "clippy", about: "no lint complains", run: clippy },
    Step { name: "tests", about: "units, cases, properties, whole programs", run: tests },
    Step { name: "browser", about: "the web page works in Chromium, for everybody", run: crate::browser::test },
    Step { name: "examples", about: "the framework works in other programs", run: examples },
    Step { name: "fuzz", about: "no input from outside crashes anything", run: crate::fuzz::briefly },
];

/// Separate crates that use the framework from outside.
const EXAMPLES: &[&str] = &["examples/elevator", "examples/raft"];

/// Run everything that must hold before a change is accepted.
#[derive(Args)]
pub struct Test {
    /// Run only this step
    #[arg(long, value_name = "STEP", conflicts_with = "from")]
    only: Option<String>,
    /// Start at this step
    #[arg(long, value_name = "STEP")]
    from: Option<String>,
    /// List the steps
    #[arg(long)]
    list: bool,
}

impl Test {
    pub fn run(self) -> anyhow::Result<()> {
        if self.list {
            STEPS.iter().for_each(|step| println!("{:<12} {}", step.name, step.about));
            return Ok(());
        }
        let place = |name: &str| match STEPS.iter().position(|step| step.name == name) {
            Some(place) => Ok(place),
            None => {
                let known: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
                bail!("there is no step `{name}`; there are: {}", known.join(", "))
            }
        };
        let steps = match (&self.only, &self.from) {
            (Some(name), _) => std::slice::from_ref(&STEPS[place(name)?]),
            (None, Some(name)) => &STEPS[place(name)?..],
            (None, None) => STEPS,
        };
        run_all("test", &steps.iter().collect::<Vec<_>>())
    }
}

fn toolchain() -> anyhow::Result<Done> {
    let missing = || ["fmt", "clippy"].into_iter().filter(|tool| !works(&mut cargo(&[tool, "--version"])));
    if missing().next().is_some() && works(Command::new("rustup").arg("--version")) {
        run(Command::new("rustup").args(["component", "add", "rustfmt", "clippy"]))?;
    }
    match missing().next() {
        None => Ok(Done::Passed),
        Some(tool) => bail!(
            "`cargo {tool}` is missing, and could not be installed: install the components rustfmt and clippy of this toolchain \
             (rustup component add rustfmt clippy; or the packages of your system that hold them)"
        ),
    }
}

/// Manifests of all workspaces of the repository, from its root.
fn manifests() -> impl Iterator<Item = String> {
    let outside = EXAMPLES.iter().copied().chain(["benches/node", "fuzz"]).map(|folder| format!("{folder}/Cargo.toml"));
    std::iter::once("Cargo.toml".to_owned()).chain(outside).filter(|manifest| crate::root().join(manifest).exists())
}

fn format() -> anyhow::Result<Done> {
    for manifest in manifests() {
        run(&mut cargo(&["fmt", "--all", "--manifest-path", &manifest, "--", "--check"]))?;
    }
    Ok(Done::Passed)
}

fn definitions() -> anyhow::Result<Done> {
    let folders = std::iter::once("automata".to_owned()).chain(EXAMPLES.iter().map(|it| format!("{it}/automata")));
    for folder in folders.filter(|folder| crate::root().join(folder).is_dir()) {
        automata(&["check", "--deny-warnings"], &folder)?;
    }
    Ok(Done::Passed)
}

fn generated() -> anyhow::Result<Done> {
    match crate::codegen::generate(true) {
        code if code == ExitCode::SUCCESS => Ok(Done::Passed),
        _ => bail!("generated/ is out of date; to rebuild it: cargo xtask codegen"),
    }
}

/// The tool, within this process: it is linked in, so nothing else has to be built.
fn automata(arguments: &[&str], folder: &str) -> anyhow::Result<()> {
    println!("$ cargo automata {} --automata {folder}", arguments.join(" "));
    let folder = crate::root().join(folder);
    match crate::codegen::tool(arguments, &folder) {
        code if code == ExitCode::SUCCESS => Ok(()),
        _ => bail!("`cargo automata {}` failed", arguments.join(" ")),
    }
}

fn clippy() -> anyhow::Result<Done> {
    run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    Ok(Done::Passed)
}

fn tests() -> anyhow::Result<Done> {
    let mut tests = cargo(&["test", "--workspace"]);
    // Tests of whole nodes spend most of their time waiting.
    if std::env::var_os("RUST_TEST_THREADS").is_none() {
        tests.env("RUST_TEST_THREADS", (2 * crate::steps::processors()).to_string());
    }
    run(&mut tests)?;
    Ok(Done::Passed)
}

fn examples() -> anyhow::Result<Done> {
    for example in EXAMPLES.iter().filter(|example| crate::root().join(example).is_dir()) {
        let manifest = Path::new(example).join("Cargo.toml");
        let manifest = manifest.to_str().expect("the path is ours");
        for task in [&["clippy", "--all-targets"][..], &["test"], &["run"]] {
            let mut arguments = vec![task[0], "--manifest-path", manifest];
            arguments.extend(&task[1..]);
            if task[0] == "clippy" {
                arguments.extend(["--", "-D", "warnings"]);
            }
            // The profile of the workspace, so that what was built for it is used again.
            run(cargo(&arguments).env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only"))?;
        }
    }
    Ok(Done::Passed)
}
