//! An elevator bank: how to use the automata framework in a separate crate.
//!
//! All decisions are in `automata/*.yaml`. Here is what the definitions cannot contain: the house around them
//! ([`building`]), and a way to read what happened ([`trace`]).

pub mod building;
pub mod trace;

/// What the compiler made of `automata/*.yaml`.
pub mod automata {
    include!(concat!(env!("OUT_DIR"), "/automata/mod.rs"));
}
