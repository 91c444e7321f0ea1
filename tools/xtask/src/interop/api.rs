//! `cargo xtask interop api`: programs that others wrote ask the API of a node of ours, on loopback, and read what it says
//! of itself.
//!
//! aioquic and websockets come from the Python Package Index, a validator of OpenRPC from npm; curl, node, npm and promtool
//! have to be installed. The test is in `tests/whole_node/interop`, and otherwise ignored.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, bail};

use super::python::Package;
use crate::steps::{self, cargo, works};

/// What is installed. Both packages stand on others, of which that file names the versions.
const WEBSOCKETS: Package =
    Package { name: "websockets", version: "17.4", install: &["-r", "tests/interop/api.txt"], python: (3, 11) };

/// A required program, how to check for it, and how to install it.
const PROGRAMS: [(&str, &[&str], &str); 4] = [
    ("curl", &["--json", "{}", "--version"], "curl 7.82 or newer"),
    (
        "node",
        &["-e", "process.exit(process.versions.node.split('.')[0] < 20 ? 1 : 0)"],
        "Node.js 20 or newer (https://nodejs.org)",
    ),
    ("npm", &["--version"], "npm, which comes with Node.js"),
    ("promtool", &["--version"], "promtool (package `prometheus` of Debian and its like; its service need not run)"),
];

/// The validator's files.
const FILES: [&str; 2] = ["package.json", "validate.cjs"];

/// The test that is run.
const TEST: &str = "interop::api::programs_of_others_ask_the_api";

/// Installs missing packages, and runs the test.
pub fn run(reinstall: bool) -> anyhow::Result<()> {
    let missing: Vec<String> = PROGRAMS
        .iter()
        .filter(|(program, arguments, _)| !works(Command::new(program).args(*arguments)))
        .map(|(program, _, brings)| format!("`{program}`: install {brings}"))
        .collect();
    if !missing.is_empty() {
        bail!("programs are missing, or too old:\n{}", missing.join("\n"));
    }
    let python = WEBSOCKETS.python(reinstall)?;
    let npm = validator(reinstall)?;
    let arguments =
        ["test", "--package", "bitpie", "--test", "whole_node", "--", TEST, "--exact", "--ignored", "--nocapture"];
    steps::run(cargo(&arguments).env("BITPIE_INTEROP_PYTHON", python).env("BITPIE_INTEROP_NPM", npm))
}

/// The folder in which the validator is installed.
fn validator(reinstall: bool) -> anyhow::Result<PathBuf> {
    let from = crate::root().join("tests/interop/openrpc");
    let folder = crate::target_folder().join("interop").join("openrpc");
    let (wanted, noted) = (from.join("package.json"), folder.join("installed.json"));
    let is_as_named = !reinstall && std::fs::read(&noted).ok() == std::fs::read(&wanted).ok();
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    for file in FILES {
        std::fs::copy(from.join(file), folder.join(file)).with_context(|| format!("{file} cannot be copied"))?;
    }
    if is_as_named {
        println!("the validator of OpenRPC is installed in {}", folder.display());
        return Ok(folder);
    }
    let install = ["install", "--no-audit", "--no-fund", "--loglevel=error"];
    steps::run(Command::new("npm").args(install).current_dir(&folder))
        .context("the validator could not be installed: is the npm registry reachable?")?;
    // Only now, so that an interrupted installation is repeated.
    std::fs::copy(wanted, noted).context("the installation cannot be noted")?;
    Ok(folder)
}
