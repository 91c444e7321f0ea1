//! The step `browser` of `cargo xtask test`: the web page in a real Chromium, and axe-core's look at it.
//!
//! Chromium and its driver are packages of the system, which are installed where that is possible. axe-core is a package
//! of npm, in a fixed version, below the target folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::steps::{self, Done, cargo, command, run, works};

/// Programs that are needed, and the packages of Debian that hold them.
const PROGRAMS: [(&str, &str); 2] = [("chromium", "chromium"), ("chromedriver", "chromium-driver")];

/// What fetches axe-core.
const NPM: (&str, &str) = ("npm", "npm");

/// The version of axe-core: another one may find something else, which would be no fault of a change.
const AXE_VERSION: &str = "4.14.1";

/// The tests, which are otherwise ignored.
const TESTS: &str = "browser::";

/// Runs the tests, with what they need.
pub fn test() -> anyhow::Result<Done> {
    provide(&PROGRAMS)?;
    let axe = axe()?;
    let pictures = crate::target_folder().join("screenshots");
    run(&mut cargo(&["build", "--package", "automata-cli", "--bin", "automata"]))?;
    let program = crate::target_folder().join("debug").join("automata");
    let tests = ["test", "--package", "bitpie", "--test", "whole_node", "--", TESTS, "--ignored"];
    let mut tests = cargo(&tests);
    tests.env("BITPIE_AXE", axe).env("BITPIE_AUTOMATA", program).env("BITPIE_SCREENSHOTS", &pictures);
    if std::env::var_os("RUST_TEST_THREADS").is_none() {
        // Each has a browser or two, which have many processes.
        tests.env("RUST_TEST_THREADS", steps::processors().to_string());
    }
    run(&mut tests)?;
    println!("pictures of each room are in {}", pictures.display());
    Ok(Done::Passed)
}

/// Installs what is missing, or says what it is.
fn provide(needed: &[(&str, &str)]) -> anyhow::Result<()> {
    let missing = || needed.iter().filter(|(program, _)| !is_there(program)).collect::<Vec<_>>();
    if missing().is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing().iter().map(|(_, package)| *package).collect();
    if can_install() {
        let mut install = command("apt-get", &["install", "--yes", "--no-install-recommends"]);
        install.args(&packages).env("DEBIAN_FRONTEND", "noninteractive");
        if run(&mut install).is_err() {
            // The lists of packages may be too old, or not there yet.
            run(&mut command("apt-get", &["update"]))?;
            run(&mut install)?;
        }
    }
    let names: Vec<&str> = missing().iter().map(|(program, _)| *program).collect();
    if !names.is_empty() {
        bail!(
            "{} cannot be found.\nhelp: install {} (packages of Debian and its like)",
            names.join(" and "),
            packages.join(" and ")
        );
    }
    Ok(())
}

fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Whether packages of Debian can be installed: there is `apt-get`, and this is root.
fn can_install() -> bool {
    is_there("apt-get") && works(Command::new("sh").args(["-c", "test $(id -u) -eq 0"]))
}

/// The file of axe-core, which is fetched if it is not there.
fn axe() -> anyhow::Result<PathBuf> {
    let folder = crate::target_folder().join("browser").join(format!("axe-core-{AXE_VERSION}"));
    let file = folder.join("node_modules/axe-core/axe.min.js");
    if is_of_version(&file) {
        return Ok(file);
    }
    provide(&[NPM])?;
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let mut install =
        command("npm", &["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]);
    install.arg(&folder).arg(format!("axe-core@{AXE_VERSION}"));
    run(&mut install).context("axe-core could not be fetched: is the registry of npm reachable?")?;
    if !is_of_version(&file) {
        bail!("npm has installed axe-core, but {} is not its version {AXE_VERSION}", file.display());
    }
    Ok(file)
}

/// Its first line says which version it is.
fn is_of_version(file: &Path) -> bool {
    std::fs::read_to_string(file).is_ok_and(|text| text.lines().next().is_some_and(|line| line.contains(AXE_VERSION)))
}
