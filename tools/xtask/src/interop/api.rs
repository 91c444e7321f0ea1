//! `cargo xtask interop api`: programs that others wrote ask the API of a node of ours, on loopback, and read what it says
//! of itself.
//!
//! aioquic and websockets come from the Python Package Index, a validator of OpenRPC from npm; curl, node, npm and promtool
//! have to be installed. The test is in `tests/whole_node/interop`, and otherwise ignored.

use super::npm::{self, Packages, Program};
use super::python::Package;
use crate::steps::{self, cargo};

/// What is installed. Both packages stand on others, of which that file names the versions.
const WEBSOCKETS: Package =
    Package { name: "websockets", version: "17.4", install: &["-r", "tests/interop/api.txt"], python: (3, 11) };

/// What has to be installed.
const PROGRAMS: [Program; 4] = [
    ("curl", &["--json", "{}", "--version"], "curl 7.82 or newer"),
    npm::NODE,
    npm::NPM,
    ("promtool", &["--version"], "promtool (package `prometheus` of Debian and its like; its service need not run)"),
];

/// What reads the document of the methods.
const VALIDATOR: Packages = Packages {
    what: "the validator of OpenRPC",
    from: "tests/interop/openrpc",
    programs: &["validate.cjs"],
    into: "openrpc",
};

/// The test that is run.
const TEST: &str = "interop::api::programs_of_others_ask_the_api";

/// Installs missing packages, and runs the test.
pub fn run(reinstall: bool) -> anyhow::Result<()> {
    npm::require(&PROGRAMS)?;
    let python = WEBSOCKETS.python(reinstall)?;
    let npm = VALIDATOR.installed(reinstall)?;
    let arguments =
        ["test", "--package", "bitpie", "--test", "whole_node", "--", TEST, "--exact", "--ignored", "--nocapture"];
    steps::run(cargo(&arguments).env("BITPIE_INTEROP_PYTHON", python).env("BITPIE_INTEROP_NPM", npm))
}
