//! The machines that `build.rs` made from `benches/automata/`.
