//! The node beside named alternatives, in one run: what a message costs, and what the trace costs.
//!
//! Everything goes over loopback, between threads of this process. What is compared takes turns in each round, and what
//! counts is the ratio of the medians; docs/BENCHMARKS.md says what came of it.

mod messages;

use bitpie_bench_node::{Extent, Options, machine};
use clap::{Parser, ValueEnum};

#[derive(Parser)]
#[command(name = "cargo xtask bench node", about = "The node beside plain TCP and libp2p, over loopback.", version)]
struct Arguments {
    /// Which; all of them if none is named
    what: Vec<What>,
    #[command(flatten)]
    options: Options,
}

/// What is compared.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq)]
enum What {
    /// Messages from one node to another, committed and acknowledged, beside an echo over TCP and libp2p's
    /// request-response
    Messages,
    /// The same between two nodes with their trace and without
    Trace,
}

fn main() -> anyhow::Result<()> {
    let Arguments { what, options } = Arguments::parse();
    let extent = Extent::of(&options)?;
    machine::tell(&extent)?;
    let wanted = |one: What| what.is_empty() || what.contains(&one);
    if wanted(What::Messages) {
        messages::compare(&extent)?;
    }
    if wanted(What::Trace) {
        messages::compare_traces(&extent)?;
    }
    machine::tell_load();
    Ok(())
}
