//! Compiles `automata/` to Rust in `OUT_DIR`, which `src/automata.rs` includes. `cargo xtask codegen` writes the same
//! to `generated/`. The text of the definitions goes there too, so that the program can replay its own traces.

use std::path::Path;

const DEFINITIONS: &str = "automata";

fn main() {
    automata_compiler::build(DEFINITIONS);
    let sources = automata_compiler::read_folder(Path::new(DEFINITIONS)).expect("they were just compiled");
    let files: Vec<_> = sources.iter().map(|(_, source)| (&source.path, &source.text)).collect();
    let folder = std::env::var_os("OUT_DIR").expect("cargo runs this");
    std::fs::write(Path::new(&folder).join("definitions.rs"), format!("&{files:?}")).expect("OUT_DIR can be written");
}
