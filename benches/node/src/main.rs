//! The node beside named alternatives, in one run: messages, the cost of the trace, bulk throughput, and the memory of
//! idle sessions.
//!
//! Everything goes over loopback, between threads or processes of this machine. What is compared takes turns in each
//! round, and what counts is the ratio of the medians; docs/BENCHMARKS.md says what came of it.

mod bulk;
mod idle;
mod journal;
mod libp2p_side;
mod machine;
mod messages;
mod nodes;
mod plain_quinn;
mod rounds;
mod sides;
mod tcp_echo;

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

#[derive(Parser)]
#[command(name = "cargo xtask bench node", about = "The node beside plain TCP and libp2p, over loopback.", version)]
struct Arguments {
    /// Which; all of them if none is named
    what: Vec<What>,
    /// A few seconds for each, to see that it works; the figures say little
    #[arg(long)]
    quick: bool,
    /// Rounds, of which the median is shown
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=101))]
    rounds: Option<u32>,
    /// Where homes and databases are made; what a commit costs depends on the disk below it
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// One contender of `idle`, in a process of its own
    #[arg(long, hide = true, num_args = 2, value_names = ["CONTENDER", "SESSIONS"])]
    idle_of: Option<Vec<String>>,
}

/// What is compared.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq)]
enum What {
    /// Messages from one node to another, committed and acknowledged, beside an echo over TCP and libp2p's
    /// request-response
    Messages,
    /// The same between two nodes with their trace and without
    Trace,
    /// Bytes through one session, beside plain TCP and a stream of libp2p
    Bulk,
    /// Small frames through one session, one way
    Frames,
    /// Resident memory of sessions in which nothing happens, beside connections of libp2p
    Idle,
}

/// How much is measured.
#[derive(Clone)]
pub struct Extent {
    /// A few seconds instead of minutes.
    pub is_quick: bool,
    /// How often each contender has its turn.
    pub rounds: u32,
    /// Where files are made; removed at the end.
    pub folder: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let Arguments { what, quick, rounds, folder, idle_of } = Arguments::parse();
    if let Some([contender, sessions]) = idle_of.as_deref() {
        return idle::measure(contender, sessions.parse()?);
    }
    let temporary = match folder {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    let rounds = rounds.unwrap_or(if quick { 1 } else { 5 });
    let extent = Extent { is_quick: quick, rounds, folder: temporary.path().to_owned() };
    machine::tell(&extent)?;
    let wanted = |one: What| what.is_empty() || what.contains(&one);
    if wanted(What::Messages) {
        messages::compare(&extent)?;
    }
    if wanted(What::Trace) {
        messages::compare_traces(&extent)?;
    }
    if wanted(What::Bulk) {
        bulk::compare(&extent)?;
    }
    if wanted(What::Frames) {
        bulk::frames(&extent)?;
    }
    if wanted(What::Idle) {
        idle::compare(&extent)?;
    }
    machine::tell_load();
    Ok(())
}
