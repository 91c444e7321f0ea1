//! The node's automata, as the compiler made them from `automata/*.yaml`. The only file that includes `OUT_DIR`.
//!
//! `generated/rust/` holds the same text for people to read and to review; `tests/generated_is_fresh.rs` keeps the two
//! equal.

mod generated {
    include!(concat!(env!("OUT_DIR"), "/automata/mod.rs"));
}

pub use generated::*;

// Within this crate alone, in place of what the line above brings: so rustc names every event that its part never
// sends.
#[expect(hidden_glob_reexports, reason = "it is hidden on purpose")]
pub(crate) use generated::senders;

/// The definitions that all of this was made of: the path of each file, and its text. Whoever replays a trace of this
/// program needs them.
pub const DEFINITIONS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/definitions.rs"));
