//! What is left of a folder when one of its files is broken.

use automata_compiler::source::{Source, Sources};
use automata_compiler::{analyse, sound_part};

const PARTS: &str = "parts:\n  hall: Everybody around.\n";
const BELL: &str =
    "automaton: bell\nsummary: x\nevents: { press: { from: hall } }\ninitial: A\nstates: { A: { on: { press: A } } }\n";
/// Only the bell sends it something.
const LAMP: &str = "automaton: lamp\nsummary: x\nevents: { flash: { from: [bell, hall] } }\ninitial: A\nstates: { A: { on: { flash: A } } }\n";
/// It looks at the lamp.
const WATCHER: &str =
    "automaton: watcher\nsummary: x\ninitial: A\nstates: { A: { on: { lamp enters A: B } }, B: {} }\n";

fn sources(files: &[(&str, &str)]) -> Sources {
    Sources::new(
        files.iter().map(|(path, text)| Source { path: (*path).to_owned(), text: (*text).to_owned() }).collect(),
    )
}

/// The automata that are whole, and those that are left out.
fn parts_of(files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let part = sound_part(&sources(files));
    (part.system.automata.iter().map(|automaton| automaton.name.clone()).collect(), part.left_out)
}

#[test]
fn without_errors_it_is_the_whole() {
    let sources = sources(&[("parts.yaml", PARTS), ("bell.yaml", BELL), ("lamp.yaml", LAMP)]);
    let (whole, part) = (analyse(&sources), sound_part(&sources));
    assert_eq!(whole.system.as_ref(), Some(&part.system));
    assert_eq!((whole.findings, Vec::new()), (part.warnings, part.left_out));
}

#[test]
fn who_is_told_something_by_a_broken_one_stays_and_who_names_it_otherwise_goes() {
    for broken in
        ["automaton: lamp\nstates: [\n", "", "automaton: lamp\nsummary: x\nstates: { A: { on: { nothing: B } } }\n"]
    {
        let files = [("parts.yaml", PARTS), ("bell.yaml", BELL), ("lamp.yaml", broken), ("watcher.yaml", WATCHER)];
        assert_eq!(
            parts_of(&files),
            (vec!["bell".to_owned()], vec!["lamp".to_owned(), "watcher".to_owned()]),
            "{broken}"
        );
    }
    let bell = BELL.replace("press: A", "press: NOWHERE");
    let files = [("parts.yaml", PARTS), ("bell.yaml", &*bell), ("lamp.yaml", LAMP), ("watcher.yaml", WATCHER)];
    assert_eq!(parts_of(&files), (vec!["lamp".to_owned(), "watcher".to_owned()], vec!["bell".to_owned()]));
    let system = sound_part(&sources(&files)).system;
    assert!(system.parts.iter().any(|part| part.name == "bell"), "who sends `flash` is still told");
}

#[test]
fn an_error_that_only_the_whole_shows_leaves_out_its_automaton() {
    let round = "automaton: round\nsummary: x\ninitial: A\nstates: { A: { always: B }, B: { always: A } }\n";
    let files = [("parts.yaml", PARTS), ("bell.yaml", BELL), ("round.yaml", round)];
    assert_eq!(parts_of(&files), (vec!["bell".to_owned()], vec!["round".to_owned()]));
}

#[test]
fn of_the_shared_files_only_the_broken_declarations_go() {
    let types = "types:\n  Good: { enum: [A] }\n  Bad: { enom: [B] }\n";
    let with = |r#type: &str| BELL.replace("from: hall", &format!("from: hall, fields: {{ x: {type} }}"));
    let (good, bad) = (with("Good"), with("Bad").replace("bell", "gong"));
    let files = [("parts.yaml", PARTS), ("types.yaml", types), ("bell.yaml", &*good), ("gong.yaml", &*bad)];
    assert_eq!(parts_of(&files), (vec!["bell".to_owned()], vec!["gong".to_owned()]));
    let files = [("parts.yaml", "parts: [\n"), ("bell.yaml", BELL), ("watcher.yaml", WATCHER)];
    assert_eq!(parts_of(&files), (vec![], vec!["bell".to_owned(), "watcher".to_owned()]));
}

#[test]
fn nothing_may_be_left() {
    for name in ["NOT-A-NAME.yaml", "match.yaml", "inner"] {
        let (whole, _) = parts_of(&[("parts.yaml", PARTS), (name, "}"), ("bell.yaml", BELL)]);
        assert_eq!(whole, ["bell"], "{name}");
    }
    let (whole, left_out) =
        parts_of(&[("parts.yaml", "parts:\n  NO: x\n  hall: y\n"), ("hall.yaml", &BELL.replace("bell", "hall"))]);
    assert_eq!((whole, left_out), (vec![], vec!["hall".to_owned()]));
}
