//! An elevator bank: what it takes to use the automata framework in a crate of one's own.
//!
//! Everything that decides is in `automata/*.yaml`. Here are what the definitions cannot contain: the house around them
//! ([`building`]), and a way to read what happened ([`trace`]).

pub mod building;
pub mod trace;

/// What the compiler made of `automata/*.yaml`.
pub mod automata {
    include!(concat!(env!("OUT_DIR"), "/automata/mod.rs"));
}
