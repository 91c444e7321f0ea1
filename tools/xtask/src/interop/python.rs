//! Packages of the Python Package Index, each in a virtual environment of its own below the target folder; nothing is
//! installed anywhere else.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::steps::{self, works};

/// A package, in a version that is fixed, so that a failure is ours and not that of an untested version.
pub struct Package {
    /// As it is imported.
    pub name: &'static str,
    pub version: &'static str,
    /// What pip is to install: packages with their versions, or `-r` and a file of them.
    pub install: &'static [&'static str],
    /// The oldest Python for which there is a build of it.
    pub python: (u32, u32),
}

impl Package {
    /// The Python of a virtual environment in which the package can be imported. It is made if it is not there, or is
    /// to be made again.
    pub fn python(&self, reinstall: bool) -> anyhow::Result<PathBuf> {
        let Self { name, version, .. } = self;
        let folder = crate::target_folder().join("interop").join(format!("{name}-{version}"));
        let python = match cfg!(windows) {
            true => folder.join("Scripts/python.exe"),
            false => folder.join("bin/python"),
        };
        if !reinstall && self.can_be_imported(&python) {
            println!("{name} {version} is installed in {}", folder.display());
            return Ok(python);
        }
        let system = self.system_python()?;
        steps::run(Command::new(system).args(["-m", "venv", "--clear"]).arg(&folder))
            .with_context(|| self.python_help())?;
        // Prebuilt ones: compiling libtorrent, say, takes Boost and a quarter of an hour.
        let install = ["-m", "pip", "install", "--disable-pip-version-check", "--only-binary=:all:"];
        let mut install_it = Command::new(&python);
        install_it.args(install).args(self.install).current_dir(crate::root());
        steps::run(&mut install_it).with_context(|| {
            format!(
                "{name} {version} could not be installed: is the package index reachable, and has it a build for this \
                 Python and machine?"
            )
        })?;
        if !self.can_be_imported(&python) {
            bail!(
                "{name} {version} is installed in {}, but cannot be imported: `{} -c 'import {name}'` shows why",
                folder.display(),
                python.display()
            );
        }
        Ok(python)
    }

    fn can_be_imported(&self, python: &Path) -> bool {
        let Self { name, version, .. } = self;
        let is_it = format!("import {name}; assert {name}.__version__.startswith('{version}')");
        works(Command::new(python).args(["-c", &is_it]))
    }

    /// A Python that can make virtual environments.
    fn system_python(&self) -> anyhow::Result<PathBuf> {
        let named = std::env::var_os("PYTHON").map(PathBuf::from);
        let candidates = match &named {
            Some(named) => vec![named.clone()],
            None => vec!["python3".into(), "python".into()],
        };
        let has_venv = format!("import ensurepip, sys, venv; sys.exit(sys.version_info < {:?})", self.python);
        match candidates.iter().find(|python| works(Command::new(python).args(["-c", &has_venv]))) {
            Some(python) => Ok(python.clone()),
            None => {
                let tried: Vec<String> = candidates.iter().map(|python| format!("`{}`", python.display())).collect();
                let (tried, help) = (tried.join(" and "), self.python_help());
                bail!("{tried} cannot make a virtual environment, or is too old.\nhelp: {help}")
            }
        }
    }

    /// What to do if Python is missing.
    fn python_help(&self) -> String {
        let (major, minor) = self.python;
        format!(
            "install Python {major}.{minor} or newer with its modules venv and ensurepip (packages `python3` and \
             `python3-venv` of Debian and its like), or let PYTHON name one that has them"
        )
    }
}
