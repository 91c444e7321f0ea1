//! Packages of npm below the target folder, in the versions that this repository names, and programs that have to be
//! installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::steps::{run, works};

/// A required program, how to check for it, and how to install it.
pub(super) type Program = (&'static str, &'static [&'static str], &'static str);

/// What runs the packages.
pub(super) const NODE: Program = (
    "node",
    &["-e", "process.exit(process.versions.node.split('.')[0] < 20 ? 1 : 0)"],
    "Node.js 20 or newer (https://nodejs.org)",
);

/// What installs them.
pub(super) const NPM: Program = ("npm", &["--version"], "npm, which comes with Node.js");

/// # Errors
/// If programs are missing; names each, and how to install it.
pub(super) fn require(programs: &[Program]) -> anyhow::Result<()> {
    let missing: Vec<String> = programs
        .iter()
        .filter(|(program, arguments, _)| !works(Command::new(program).args(*arguments)))
        .map(|(program, _, brings)| format!("`{program}`: install {brings}"))
        .collect();
    if !missing.is_empty() {
        bail!("programs are missing, or too old:\n{}", missing.join("\n"));
    }
    Ok(())
}

/// Packages of npm, and the programs that drive them.
pub(super) struct Packages {
    /// Their name, for people.
    pub what: &'static str,
    /// The folder of this repository that holds `package.json`.
    pub from: &'static str,
    /// What is copied from it beside `package.json`.
    pub programs: &'static [&'static str],
    /// The folder below `target/interop` into which they go.
    pub into: &'static str,
}

impl Packages {
    /// The folder in which they are installed.
    ///
    /// # Errors
    /// If they cannot be fetched, or the folder cannot be written.
    pub(super) fn installed(&self, reinstall: bool) -> anyhow::Result<PathBuf> {
        let from = crate::root().join(self.from);
        let folder = crate::target_folder().join("interop").join(self.into);
        let (wanted, noted) = (from.join("package.json"), folder.join("installed.json"));
        let is_as_named = !reinstall && same(&wanted, &noted);
        std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        for file in ["package.json"].iter().chain(self.programs) {
            std::fs::copy(from.join(file), folder.join(file)).with_context(|| format!("{file} cannot be copied"))?;
        }
        if is_as_named {
            println!("{} is installed in {}", self.what, folder.display());
            return Ok(folder);
        }
        let install = ["install", "--no-audit", "--no-fund", "--loglevel=error"];
        run(Command::new("npm").args(install).current_dir(&folder))
            .with_context(|| format!("{} could not be installed: is the npm registry reachable?", self.what))?;
        // Only now, so that an interrupted installation is repeated.
        std::fs::copy(wanted, noted).context("the installation cannot be noted")?;
        Ok(folder)
    }
}

fn same(one: &Path, other: &Path) -> bool {
    matches!((std::fs::read(one), std::fs::read(other)), (Ok(one), Ok(other)) if one == other)
}
