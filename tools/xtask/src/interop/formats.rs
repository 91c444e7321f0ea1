//! `cargo xtask interop formats`: texts of the formats, given to the real programs.
//!
//! Mermaid and SCION come from npm, in the versions of `tests/interop/package.json`, into a folder below the target
//! folder; Graphviz and PlantUML must be installed. The tests are in `tools/outputs/tests/real_programs`, and otherwise
//! ignored.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::steps::{cargo, run as run_shown, works};

/// A required program, how to check for it, and how to install it.
const PROGRAMS: [(&str, &[&str], &str); 4] = [
    (
        "node",
        &["-e", "process.exit(process.versions.node.split('.')[0] < 20 ? 1 : 0)"],
        "Node.js 20 or newer (https://nodejs.org)",
    ),
    ("npm", &["--version"], "npm, which comes with Node.js"),
    ("dot", &["-V"], "Graphviz (package `graphviz` of Debian and its like)"),
    ("plantuml", &["-version"], "PlantUML, which needs Java (package `plantuml` of Debian and its like)"),
];

/// Files beside the packages: the list of them, and the programs that drive them.
const FILES: [&str; 3] = ["package.json", "mermaid.mjs", "scion.cjs"];

/// Installs missing npm packages, and runs the tests.
pub fn run(reinstall: bool) -> anyhow::Result<()> {
    let missing: Vec<String> = PROGRAMS
        .iter()
        .filter(|(program, arguments, _)| !works(Command::new(program).args(*arguments)))
        .map(|(program, _, brings)| format!("`{program}`: install {brings}"))
        .collect();
    if !missing.is_empty() {
        bail!("programs are missing, or too old:\n{}", missing.join("\n"));
    }
    let folder = packages(reinstall)?;
    let arguments =
        ["test", "--package", "automata-outputs", "--test", "real_programs", "--", "--ignored", "--nocapture"];
    run_shown(cargo(&arguments).env("AUTOMATA_INTEROP_NPM", folder))
}

/// The folder in which the packages are installed.
fn packages(reinstall: bool) -> anyhow::Result<PathBuf> {
    let from = crate::root().join("tests/interop");
    let folder = crate::target_folder().join("interop").join("npm");
    let is_as_named = !reinstall && same(&from.join("package.json"), &folder.join("installed.json"));
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    for file in FILES {
        std::fs::copy(from.join(file), folder.join(file)).with_context(|| format!("{file} cannot be copied"))?;
    }
    if is_as_named {
        println!("the packages of npm are installed in {}", folder.display());
        return Ok(folder);
    }
    let install = ["install", "--no-audit", "--no-fund", "--loglevel=error"];
    run_shown(Command::new("npm").args(install).current_dir(&folder))
        .context("the packages could not be installed: is the npm registry reachable?")?;
    // Only now, so that an interrupted installation is repeated.
    std::fs::copy(from.join("package.json"), folder.join("installed.json"))
        .context("the installation cannot be noted")?;
    Ok(folder)
}

fn same(one: &Path, other: &Path) -> bool {
    matches!((std::fs::read(one), std::fs::read(other)), (Ok(one), Ok(other)) if one == other)
}
