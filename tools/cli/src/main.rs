//! The `automata` program.

fn main() {}
