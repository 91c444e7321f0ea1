//! The API beside bare servers, in one run: what a request costs by each way, and what a thousand subscribers do.
//!
//! The node is whole, on a thread of its own, and asked for `getnodeinfo` with its token, since strangers have a rate. A
//! bare server is on a thread of its own too, and answers with the same bytes. Everything goes over loopback, by one
//! connection, with so many requests at a time that neither side waits for the other. What counts is the ratio of the
//! medians.

mod bare;
mod clients;
mod requests;
mod subscribers;

use bitpie_bench_node::{Extent, Options, machine};
use clap::{Parser, ValueEnum};

#[derive(Parser)]
#[command(
    name = "cargo xtask bench api",
    about = "The API beside bare axum, tokio-tungstenite and wtransport, over loopback.",
    version
)]
struct Arguments {
    /// Which; all of them if none is named
    what: Vec<What>,
    #[command(flatten)]
    options: Options,
}

/// What is compared.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq)]
enum What {
    /// `getnodeinfo` over HTTP, WebSocket and WebTransport, each beside a bare server
    Requests,
    /// A thousand subscriptions to what the automata do: delay and memory
    Subscribers,
}

fn main() -> anyhow::Result<()> {
    let Arguments { what, options } = Arguments::parse();
    let extent = Extent::of(&options)?;
    machine::tell(&extent)?;
    let wanted = |one: What| what.is_empty() || what.contains(&one);
    if wanted(What::Requests) {
        requests::compare(&extent)?;
    }
    if wanted(What::Subscribers) {
        subscribers::measure(&extent)?;
    }
    machine::tell_load();
    Ok(())
}
