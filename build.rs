//! Compiles `automata/` to Rust in `OUT_DIR`, which `src/automata.rs` includes. `cargo xtask codegen` writes the same to `generated/`.

fn main() {
    automata_compiler::build("automata");
}
