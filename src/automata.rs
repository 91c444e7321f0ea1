//! The node's automata, as the compiler made them from `automata/*.yaml`. The only file that includes `OUT_DIR`.
//!
//! `generated/rust/` holds the same text for people to read and to review; `tests/generated_is_fresh.rs` keeps the two equal.

include!(concat!(env!("OUT_DIR"), "/automata/mod.rs"));

/// The definitions that all of this was made of: the path of each file, and its text. Whoever replays a trace of this program needs them.
pub const DEFINITIONS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/definitions.rs"));
