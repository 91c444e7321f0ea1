//! `automata new`.

use crate::scratch::{PARTS, Scratch};

#[test]
fn a_new_automaton_checks_clean_and_runs() {
    let scratch = Scratch::new();
    let said = scratch.run(&["new", "courier"]).good();
    assert!(said.contains("wrote automata/parts.yaml") || said.contains("automata/courier.yaml"), "{said}");
    assert_eq!(scratch.run(&["check", "--deny-warnings"]).good(), "1 automaton, 4 states, 0 errors, 0 warnings\n");
    let script = r#"{"conditions": {"reachable": true}, "instance": "courier", "event": "ask"}"#;
    let run = scratch.run_with(&["simulate", "courier", "--script", "-", "--json"], script);
    assert!(run.good().contains(r#""after":"WAITING""#));
    assert!(scratch.run(&["render", "courier"]).good().contains("<svg"));
}

#[test]
fn the_template_shows_the_main_elements() {
    let scratch = Scratch::new();
    scratch.run(&["new", "courier"]).good();
    let text = scratch.read("automata/courier.yaml");
    for element in [
        "parameters:",
        "variables:",
        "conditions:",
        "events:",
        "actions:",
        "states:",
        "entry:",
        "after:",
        "ignore:",
        "if:",
        "set:",
        "do:",
        "to:",
    ] {
        assert!(text.contains(element), "{element} is not shown");
    }
}

#[test]
fn it_joins_those_that_are_there() {
    let scratch = Scratch::with_doors();
    scratch.run(&["new", "courier"]).good();
    assert_eq!(scratch.read("automata/parts.yaml"), PARTS, "what there is stays as it is");
    assert!(scratch.read("automata/courier.yaml").contains("from: hall"));
    assert!(scratch.run(&["check", "--deny-warnings"]).good().starts_with("3 automata, 9 states, 0 errors"));
}

#[test]
fn nothing_is_overwritten() {
    let scratch = Scratch::with_doors();
    let before = scratch.read("automata/door.yaml");
    scratch.run(&["new", "door"]).bad(2, &["automata/door.yaml exists already", "help:"]);
    assert_eq!(scratch.read("automata/door.yaml"), before);
}

#[test]
fn the_part_can_be_chosen_among_those_declared() {
    let scratch = Scratch::new();
    scratch.write("automata/parts.yaml", "parts:\n  attic: Above.\n  cellar: Below.\n");
    scratch.run(&["new", "courier", "--part", "celar"]).bad(2, &["there is no part `celar`", "did you mean `cellar`?"]);
    assert!(!scratch.has("automata/courier.yaml"));
    scratch.run(&["new", "courier", "--part", "cellar"]).good();
    assert!(scratch.read("automata/courier.yaml").contains("from: cellar"));
}

#[test]
fn a_name_that_is_none_is_refused_before_anything_is_written() {
    let scratch = Scratch::new();
    scratch.run(&["new", "TcpConnection"]).bad(2, &["`TcpConnection` cannot be the name", "such as `tcp_connection`"]);
    for name in ["../escape", "a/b", "", "1st", "a__b", "ключ", "a.b"] {
        scratch.run(&["new", "--", name]).bad(2, &["cannot be the name of an automaton", "snake_case"]);
    }
    for name in ["if", "states", "match"] {
        let run = scratch.run(&["new", name]);
        assert_eq!(run.code, 1, "{name}: {run:?}");
        assert!(run.err.contains("nothing was written"), "{}", run.err);
    }
    scratch.run(&["new", "types"]).bad(1, &[]);
    assert!(!scratch.has("automata"), "not even the folder");
}

#[test]
fn a_named_folder_is_made() {
    let scratch = Scratch::new();
    scratch.run(&["new", "courier", "--automata", "machines"]).good();
    assert!(scratch.has("machines/courier.yaml") && scratch.has("machines/parts.yaml"));
}
