//! `automata render`.

use crate::scratch::{DOOR, Scratch};

#[test]
fn one_picture_goes_to_standard_output() {
    let scratch = Scratch::with_doors();
    let picture = scratch.run(&["render", "door"]).good();
    assert!(picture.starts_with("<svg") && picture.contains("CLOSED"), "{picture}");
}

#[test]
fn several_files_want_a_folder() {
    let scratch = Scratch::with_doors();
    scratch.run(&["render"]).bad(2, &["files, and standard output takes one", "--out DIR"]);
    scratch.run(&["render", "--out", "look"]).good();
    assert!(scratch.has("look/door.svg") && scratch.has("look/bell.svg"));
}

#[test]
fn every_format_of_the_registry_can_be_had() {
    let scratch = Scratch::with_doors();
    scratch.run(&["render", "--format", "all", "--out", "look"]).good();
    for output in automata_outputs::OUTPUTS {
        let names = output.automaton.iter().map(|_| "door").chain(output.system.iter().map(|(stem, _)| *stem));
        for name in names {
            let alone = scratch.run(&["render", name, "--format", output.name]).good();
            assert_eq!(alone, scratch.read(&format!("look/{}", output.path(name))), "{} of {name}", output.name);
        }
    }
    let help = scratch.run(&["render", "--help"]).good();
    assert!(automata_outputs::OUTPUTS.iter().all(|output| help.contains(output.name)), "{help}");
}

#[test]
fn mistyped_names_are_found() {
    let scratch = Scratch::with_doors();
    scratch.run(&["render", "dor"]).bad(2, &["there is no automaton `dor`", "did you mean `door`?"]);
    let run = scratch.run(&["render", "nope"]);
    assert_eq!(run.err, "error: there is no automaton `nope`\nhelp: there are: bell, door, system\n");
    scratch.run(&["render", "README"]).bad(2, &["the format `svg` shows nothing of `README`"]);
    scratch.run(&["render", "door", "--format", "svgg"]).bad(2, &["invalid value 'svgg'", "svg"]);
}

#[test]
fn definitions_with_errors_are_not_drawn() {
    let scratch = Scratch::with_doors();
    scratch.write("automata/door.yaml", &DOOR.replace("remove: GONE", "remove: GON"));
    let run = scratch.run(&["render", "bell"]);
    assert_eq!((run.code, run.out.as_str()), (1, ""));
    run.bad(1, &["door.yaml:19", "nothing was done"]);
}

#[test]
fn a_place_that_cannot_be_written_to_is_named() {
    let scratch = Scratch::with_doors();
    scratch.write("look", "a file");
    scratch.run(&["render", "door", "--out", "look"]).bad(2, &["look could not be made"]);
}
