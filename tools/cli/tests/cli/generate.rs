//! `automata generate`.

use crate::scratch::{DOOR, Scratch};

#[test]
fn everything_is_written_and_then_up_to_date() {
    let scratch = Scratch::with_doors();
    let said = scratch.run(&["generate"]).good();
    assert!(said.contains(" 0 removed"), "{said}");
    for path in ["rust/door.rs", "rust/bell.rs", "rust/system.rs", "diagrams/door.svg", "diagrams/bell.svg"] {
        assert!(scratch.has(&format!("generated/{path}")), "{path}");
    }
    assert!(scratch.run(&["generate", "--check"]).good().contains("up to date"));
    assert!(scratch.run(&["generate"]).good().contains(" 0 written, 0 removed"));
}

#[test]
fn what_differs_is_named_with_what_to_run() {
    let scratch = Scratch::with_doors();
    scratch.run(&["generate"]).good();
    scratch.write("generated/diagrams/door.svg", "by hand");
    scratch.write("generated/diagrams/gone.svg", "<svg/>");
    std::fs::remove_file(scratch.path().join("generated/diagrams/bell.svg")).expect("it was written");
    let run = scratch.run(&["generate", "--check"]);
    run.bad(
        1,
        &[
            "changed: ",
            "generated/diagrams/door.svg",
            "missing: ",
            "generated/diagrams/bell.svg",
            "stale: ",
            "generated/diagrams/gone.svg",
            "3 files are out of date",
            "automata generate",
        ],
    );
    assert_eq!(scratch.read("generated/diagrams/door.svg"), "by hand", "a check changes nothing");
    assert!(scratch.run(&["generate"]).good().contains(" 2 written, 1 removed"));
    assert!(!scratch.has("generated/diagrams/gone.svg"));
    scratch.run(&["generate", "--check"]).good();
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let scratch = Scratch::with_doors();
    scratch.write("generated/README.md", "Do not edit.");
    scratch.write("generated/notes/mine.txt", "mine");
    scratch.run(&["generate"]).good();
    assert!(scratch.has("generated/README.md") && scratch.has("generated/notes/mine.txt"));
    scratch.run(&["generate", "--check"]).good();
}

#[test]
fn a_change_of_the_definitions_is_seen() {
    let scratch = Scratch::with_doors();
    scratch.run(&["generate"]).good();
    scratch.write("automata/door.yaml", &DOOR.replace("Is it open?", "Is the door open?"));
    scratch.run(&["generate", "--check"]).bad(1, &["generated/diagrams/door.svg"]);
}

#[test]
fn an_automaton_that_went_away_leaves_nothing_behind() {
    let scratch = Scratch::with_doors();
    scratch.run(&["generate"]).good();
    std::fs::remove_file(scratch.path().join("automata/bell.yaml")).expect("it is there");
    scratch.write("automata/door.yaml", &DOOR.replace("ring: { from: bell }", "ring: { from: hall }"));
    scratch.run(&["generate"]).good();
    assert!(!scratch.has("generated/diagrams/bell.svg") && scratch.has("generated/diagrams/door.svg"));
}

#[test]
fn another_folder_can_be_named() {
    let scratch = Scratch::with_doors();
    scratch.run(&["generate", "--out", "elsewhere"]).good();
    assert!(scratch.has("elsewhere/diagrams/door.svg") && !scratch.has("generated"));
}

#[test]
fn definitions_with_errors_generate_nothing() {
    let scratch = Scratch::with_doors();
    scratch.write("automata/door.yaml", &DOOR.replace("remove: GONE", "remove: GON"));
    scratch.run(&["generate"]).bad(1, &["nothing was done"]);
    assert!(!scratch.has("generated"));
}
