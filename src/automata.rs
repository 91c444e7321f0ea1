//! The node's automata, as the compiler made them from `automata/*.yaml`. The only file that includes `OUT_DIR`.
//!
//! `generated/rust/` holds the same text for people to read and to review; `tests/generated_is_fresh.rs` keeps the two equal.

include!(concat!(env!("OUT_DIR"), "/rust/mod.rs"));
