//! Raft: several nodes that agree on a log, whatever the network does to their messages.
//!
//! The decisions are in `automata/raft_node.yaml`. Here is what it cannot contain: the [`log`] of each node, a [`network`] that loses, delays and repeats
//! messages, and the [`cluster`] that drives all of it on its own clock. `tests/safety.rs` tries to make it go wrong.

pub mod chance;
pub mod cluster;
pub mod log;
pub mod network;

/// What the compiler made of `automata/*.yaml`.
pub mod automata {
    include!(concat!(env!("OUT_DIR"), "/automata/mod.rs"));
}
