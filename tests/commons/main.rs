//! The shared database: what must hold for any history, in any order; how two nodes come to hold the same, and what that
//! costs; and a thousand of them, some of which lie.

mod exchange;
mod history;
mod liars;
mod properties;
mod simulation;
mod synchronising;
