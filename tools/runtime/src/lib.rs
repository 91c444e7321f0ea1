//! What generated automata need to run: the bus, timers, the table of instances, and the record of what happened.
//!
//! Knows nothing of any particular automaton. The rules it follows are in `docs/SEMANTICS.md`.

pub mod record;

pub use record::{Ask, Fault, Outcome, Performed, Raised, Record, Sent};
