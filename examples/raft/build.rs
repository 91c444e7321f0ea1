fn main() {
    // Properties are looked at after every delivery, and the test fails at the first that is violated.
    let options = automata_compiler::rust::Options { properties: true, ..Default::default() };
    automata_compiler::build_with("automata", &options);
}
