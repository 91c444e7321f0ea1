fn main() {
    automata_compiler::build("automata");
}
