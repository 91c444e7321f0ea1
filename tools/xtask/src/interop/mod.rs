//! `cargo xtask interop`: our results with other programs.

mod api;
mod dht;
mod formats;
mod npm;
mod python;
mod quic;
mod stun;

use clap::{Args, ValueEnum};

/// One test.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The API, asked by curl, websockets and aioquic, and what it says of itself, read by promtool and a validator of OpenRPC. Needs curl, promtool,
    /// node 20 or newer, npm, and Python 3.11 or newer with venv, or PYTHON=… that names one
    Api,
    /// Nodes in a DHT that libtorrent carries. Needs Python 3.9 or newer with venv, or PYTHON=… that names one
    Dht,
    /// Texts for Mermaid, Graphviz, PlantUML and SCION. Needs node 20 or newer, npm, dot and plantuml
    Formats,
    /// A caller by aioquic that a node refuses. Needs Python 3.11 or newer with venv, or PYTHON=… that names one
    Quic,
    /// STUN, both ways, with coturn. Needs its programs turnserver, turnutils_stunclient and turnutils_natdiscovery
    Stun,
}

/// Test with other programs.
#[derive(Args)]
#[command(
    after_help = "What comes from package indexes (libtorrent, aioquic, Mermaid, SCION) is installed below the target folder, in the versions that \
    this repository names. docs/INTEROP.md tells what is tried."
)]
pub struct Interop {
    /// What to test [default: everything]
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// Install the packages again
    #[arg(long)]
    reinstall: bool,
}

impl Interop {
    pub fn run(self) -> anyhow::Result<()> {
        let parts = if self.parts.is_empty() { Part::value_variants() } else { self.parts.as_slice() };
        for part in parts {
            match part {
                Part::Api => api::run(self.reinstall)?,
                Part::Dht => dht::run(self.reinstall)?,
                Part::Formats => formats::run(self.reinstall)?,
                Part::Quic => quic::run(self.reinstall)?,
                Part::Stun => stun::run()?,
            }
        }
        Ok(())
    }
}
