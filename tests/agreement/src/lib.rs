//! Holds the interpreter and the generated Rust equal.
