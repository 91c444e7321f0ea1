//! `cargo xtask interop formats`: texts of the formats, given to the real programs.
//!
//! Mermaid and SCION come from npm, in the versions of `tests/interop/package.json`, into a folder below the target
//! folder; Graphviz and PlantUML must be installed. The tests are in `tools/outputs/tests/real_programs`, and otherwise
//! ignored.

use super::npm::{self, Packages, Program};
use crate::steps::{cargo, run as run_shown};

/// What has to be installed.
const PROGRAMS: [Program; 4] = [
    npm::NODE,
    npm::NPM,
    ("dot", &["-V"], "Graphviz (package `graphviz` of Debian and its like)"),
    ("plantuml", &["-version"], "PlantUML, which needs Java (package `plantuml` of Debian and its like)"),
];

/// Mermaid and SCION, and the programs that drive them.
const PACKAGES: Packages = Packages {
    what: "what reads Mermaid and SCXML",
    from: "tests/interop",
    programs: &["mermaid.mjs", "scion.cjs"],
    into: "npm",
};

/// Installs missing npm packages, and runs the tests.
pub fn run(reinstall: bool) -> anyhow::Result<()> {
    npm::require(&PROGRAMS)?;
    let folder = PACKAGES.installed(reinstall)?;
    let arguments =
        ["test", "--package", "automata-outputs", "--test", "real_programs", "--", "--ignored", "--nocapture"];
    run_shown(cargo(&arguments).env("AUTOMATA_INTEROP_NPM", folder))
}
