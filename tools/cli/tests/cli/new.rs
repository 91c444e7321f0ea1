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
    for (name, reason) in [
        ("if", "it is a key of the language"),
        ("states", "it is a key of the language"),
        ("key", "it is a word of the language"),
        ("self", "it is a "),
        ("types", "types.yaml declares the types"),
        ("parts", "parts.yaml declares the parts"),
    ] {
        let run = scratch.run(&["new", name]);
        assert_eq!(run.err.lines().count(), 2, "a sentence and what to do: {}", run.err);
        run.bad(2, &[&format!("`{name}` cannot be the name of an automaton: {reason}"), "help: choose another name"]);
    }
    assert!(!scratch.has("automata"), "not even the folder");
}

#[test]
fn a_part_and_an_automaton_do_not_share_a_name() {
    let scratch = Scratch::with_doors();
    scratch.run(&["new", "hall"]).bad(2, &["`hall` cannot be", "automata/parts.yaml has a part of that name"]);
    assert!(!scratch.has("automata/hall.yaml"));
}

#[test]
fn every_file_names_its_schema_which_is_written_too() {
    let scratch = Scratch::new();
    let said = scratch.run(&["new", "courier"]).good();
    for (file, schema) in [("courier", "automaton"), ("parts", "parts")] {
        let first = format!("# yaml-language-server: $schema=../generated/schema/{schema}.json\n");
        assert!(scratch.read(&format!("automata/{file}.yaml")).starts_with(&first), "{file}");
        assert!(scratch.has(&format!("generated/schema/{schema}.json")));
        assert!(said.contains(&format!("generated/schema/{schema}.json")), "{said}");
    }
    let written = scratch.read("generated/schema/automaton.json");
    scratch.run(&["generate"]).good();
    assert_eq!(scratch.read("generated/schema/automaton.json"), written, "both write the same");
    let said = scratch.run(&["new", "messenger"]).good();
    assert!(!said.contains("schema"), "it is there: {said}");
    scratch.write("generated/schema/automaton.json", "of an older version");
    let said = scratch.run(&["new", "third"]).good();
    assert!(said.contains("left ") && said.contains("automaton.json as it is: from another version"), "{said}");
    assert_eq!(scratch.read("generated/schema/automaton.json"), "of an older version");
}

#[test]
fn the_schema_is_where_the_file_says_wherever_the_folder_is() {
    let scratch = Scratch::new();
    scratch.run(&["new", "courier", "--automata", "deep/machines"]).good();
    assert!(scratch.has("deep/machines/../generated/schema/automaton.json"));
}

#[test]
fn a_named_folder_is_made() {
    let scratch = Scratch::new();
    scratch.run(&["new", "courier", "--automata", "machines"]).good();
    assert!(scratch.has("machines/courier.yaml") && scratch.has("machines/parts.yaml"));
}
