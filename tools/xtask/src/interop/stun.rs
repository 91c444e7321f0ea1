//! `cargo xtask interop stun`: coturn's clients ask our STUN server, and our clients ask coturn's, on loopback.
//!
//! coturn is a package of the system, which is not installed from here. The test is in `tests/stun/interop.rs`, and
//! otherwise ignored.

use anyhow::bail;

use crate::steps::{self, cargo};

/// What of coturn is run.
const PROGRAMS: [&str; 3] = ["turnutils_stunclient", "turnutils_natdiscovery", "turnserver"];

/// The test that is run.
const TEST: &str = "interop::coturn_asks_and_answers";

/// Runs the test, if coturn is there.
pub fn run() -> anyhow::Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |program: &&str| std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    let missing: Vec<&str> = PROGRAMS.into_iter().filter(|program| !is_there(program)).collect();
    if !missing.is_empty() {
        bail!(
            "{} cannot be found.\nhelp: install coturn (package `coturn` of Debian and its like; its service need not run)",
            missing.join(" and ")
        );
    }
    let arguments =
        ["test", "--package", "bitpie", "--test", "stun", "--", TEST, "--exact", "--ignored", "--nocapture"];
    steps::run(&mut cargo(&arguments))
}
