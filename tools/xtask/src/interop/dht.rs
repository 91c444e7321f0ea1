//! `cargo xtask interop dht`: nodes of ours in a DHT that libtorrent carries, all on loopback.
//!
//! libtorrent comes from the Python Package Index, by its name and version, into a virtual environment below the target
//! folder; nothing is installed anywhere else. The test is in `tests/whole_node/interop`, and otherwise ignored.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::steps::{self, cargo, shown, works};

/// The version of libtorrent that is installed. It is fixed, so that a failure is ours and not that of an untested
/// version.
const LIBTORRENT: &str = "2.1.1";

/// What Python must provide. The oldest version for which this libtorrent is built.
const PYTHON_HAS_VENV: &str = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 9))";

/// What to do if Python is missing.
const PYTHON_HELP: &str = "install Python 3.9 or newer with its modules venv and ensurepip (packages `python3` and `python3-venv` of \
     Debian and its like), or let PYTHON name one that has them";

/// The test that is run.
const TEST: &str = "interop::libtorrent_carries_documents_and_names";

/// Runs the test with a Python that has libtorrent.
pub fn run(reinstall: bool) -> anyhow::Result<()> {
    let python = python_with_libtorrent(reinstall)?;
    let arguments =
        ["test", "--package", "bitpie", "--test", "whole_node", "--", TEST, "--exact", "--ignored", "--nocapture"];
    let mut test = cargo(&arguments);
    test.env("BITPIE_INTEROP_PYTHON", python);
    println!("$ {}", shown(&test));
    // The test, and everything that it has started, ends when this pipe closes: nothing outlives this process, however
    // it ends.
    let mut child = test.stdin(Stdio::piped()).spawn().context("`cargo` could not be started")?;
    let alive = child.stdin.take();
    let status = child.wait()?;
    drop(alive);
    if !status.success() {
        bail!("`{}` failed ({status}); the reason is above", shown(&test));
    }
    Ok(())
}

/// The Python of a virtual environment in which libtorrent can be imported.
fn python_with_libtorrent(reinstall: bool) -> anyhow::Result<PathBuf> {
    let folder = crate::target_folder().join("interop").join(format!("libtorrent-{LIBTORRENT}"));
    let python = match cfg!(windows) {
        true => folder.join("Scripts/python.exe"),
        false => folder.join("bin/python"),
    };
    if !reinstall && has_libtorrent(&python) {
        println!("libtorrent {LIBTORRENT} is installed in {}", folder.display());
        return Ok(python);
    }
    let system = system_python()?;
    steps::run(Command::new(system).args(["-m", "venv", "--clear"]).arg(&folder)).with_context(|| PYTHON_HELP)?;
    // A prebuilt one: compiling libtorrent takes Boost and a quarter of an hour.
    let install = ["-m", "pip", "install", "--disable-pip-version-check", "--only-binary=:all:"];
    steps::run(Command::new(&python).args(install).arg(format!("libtorrent=={LIBTORRENT}"))).with_context(|| {
        format!("libtorrent {LIBTORRENT} could not be installed: is the package index reachable, and has it a build for this Python and machine?")
    })?;
    if !has_libtorrent(&python) {
        bail!(
            "libtorrent {LIBTORRENT} is installed in {}, but cannot be imported: `{} -c 'import libtorrent'` shows why",
            folder.display(),
            python.display()
        );
    }
    Ok(python)
}

fn has_libtorrent(python: &Path) -> bool {
    let is_it = format!("import libtorrent; assert libtorrent.version.startswith('{LIBTORRENT}')");
    works(Command::new(python).args(["-c", &is_it]))
}

/// A Python that can make virtual environments.
fn system_python() -> anyhow::Result<PathBuf> {
    let named = std::env::var_os("PYTHON").map(PathBuf::from);
    let candidates = match &named {
        Some(named) => vec![named.clone()],
        None => vec!["python3".into(), "python".into()],
    };
    match candidates.iter().find(|python| works(Command::new(python).args(["-c", PYTHON_HAS_VENV]))) {
        Some(python) => Ok(python.clone()),
        None => {
            let tried: Vec<String> = candidates.iter().map(|python| format!("`{}`", python.display())).collect();
            bail!("{} cannot make a virtual environment.\nhelp: {PYTHON_HELP}", tried.join(" and "))
        }
    }
}
