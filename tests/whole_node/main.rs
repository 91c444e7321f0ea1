//! Whole nodes: the program itself, run in homes of its own, asked by its API, over real sockets on loopback.
//!
//! Nobody sleeps here for something to have happened: every wait is for a condition, and has a deadline. Where an honest node never does
//! what is to be tried, a peer driven by hand does it (`peer.rs`).

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "processes, files, sockets and time are what is tested"
)]

mod crash;
mod demo;
mod interop;
mod lan;
mod names;
mod nodes;
mod peer;
mod proxy;
mod refusals;
mod replays;
mod talk;
mod violations;
