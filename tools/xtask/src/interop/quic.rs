//! `cargo xtask interop quic`: aioquic calls a node of ours over UDP, on loopback.
//!
//! aioquic comes from the Python Package Index. The test is in `tests/whole_node/interop`, and otherwise ignored.

use super::python::Package;
use crate::steps::{self, cargo};

/// What is installed. It stands on other packages, of which that file names the versions.
const AIOQUIC: Package =
    Package { name: "aioquic", version: "1.7.2", install: &["-r", "tests/interop/aioquic.txt"], python: (3, 11) };

/// The test that is run.
const TEST: &str = "interop::aioquic::a_caller_by_aioquic_is_refused_by_name";

/// Runs the test with a Python that has aioquic.
pub fn run(reinstall: bool) -> anyhow::Result<()> {
    let python = AIOQUIC.python(reinstall)?;
    let arguments =
        ["test", "--package", "bitpie", "--test", "whole_node", "--", TEST, "--exact", "--ignored", "--nocapture"];
    steps::run(cargo(&arguments).env("BITPIE_INTEROP_PYTHON", python))
}
