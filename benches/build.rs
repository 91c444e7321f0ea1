//! The benchmark's machines, from `benches/automata/`.

fn main() {
    automata_compiler::build("automata");
}
