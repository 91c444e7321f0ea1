//! `cargo xtask interop dht`: nodes of ours in a DHT that libtorrent carries, all on loopback.
//!
//! libtorrent comes from the Python Package Index. The test is in `tests/whole_node/interop`, and otherwise ignored.

use std::process::Stdio;

use anyhow::{Context as _, bail};

use super::python::Package;
use crate::steps::{cargo, shown};

/// What is installed.
const LIBTORRENT: Package =
    Package { name: "libtorrent", version: "2.1.1", install: &["libtorrent==2.1.1"], python: (3, 9) };

/// The test that is run.
const TEST: &str = "interop::libtorrent_carries_documents_and_names";

/// Runs the test with a Python that has libtorrent.
pub fn run(reinstall: bool) -> anyhow::Result<()> {
    let python = LIBTORRENT.python(reinstall)?;
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
