//! The transports beside named alternatives, in one run: messages, bulk, READY, and the memory of idle sessions.
//!
//! Everything goes over loopback, between threads or processes of this machine. What is compared takes turns in each
//! round, and what counts is the ratio of the medians; docs/BENCHMARKS.md says what came of it.

mod bulk;
mod idle;
mod messages;
mod plain_quinn;
mod ready;
mod side;
mod slow_line;

use bitpie_bench_node::{Extent, Options, machine};
use clap::{Parser, ValueEnum};

#[derive(Parser)]
#[command(
    name = "cargo xtask bench transports",
    about = "TCP and QUIC sessions beside plain TCP, plain quinn and libp2p, over loopback.",
    version
)]
struct Arguments {
    /// Which; all of them if none is named
    what: Vec<What>,
    #[command(flatten)]
    options: Options,
    /// One contender of `idle`, in a process of its own
    #[arg(long, hide = true, num_args = 2, value_names = ["CONTENDER", "SESSIONS"])]
    idle_of: Option<Vec<String>>,
}

/// What is compared.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq)]
enum What {
    /// Frames through the control stream that are answered
    Messages,
    /// Bytes through one stream
    Bulk,
    /// From the wish for a session until it can be used, by a line with a long round trip
    Ready,
    /// Resident memory of sessions in which nothing happens
    Idle,
}

fn main() -> anyhow::Result<()> {
    let Arguments { what, options, idle_of } = Arguments::parse();
    if let Some([contender, sessions]) = idle_of.as_deref() {
        return idle::measure(contender, sessions.parse()?);
    }
    let extent = Extent::of(&options)?;
    machine::tell(&extent)?;
    let wanted = |one: What| what.is_empty() || what.contains(&one);
    if wanted(What::Messages) {
        messages::compare(&extent)?;
    }
    if wanted(What::Bulk) {
        bulk::compare(&extent)?;
    }
    if wanted(What::Ready) {
        ready::compare(&extent)?;
    }
    if wanted(What::Idle) {
        idle::compare(&extent)?;
    }
    machine::tell_load();
    Ok(())
}
