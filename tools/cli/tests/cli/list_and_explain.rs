//! `automata list`, `automata explain`.

use serde_json::Value;

use crate::scratch::{DOOR, Scratch};

#[test]
fn all_automata_are_listed_with_what_they_are_for() {
    let scratch = Scratch::with_doors();
    assert_eq!(
        scratch.run(&["list"]).good(),
        "bell  one         1 state    1 event  Tells all doors.\n\
         door  per door   4 states   3 events  Is it open?\n\
         2 automata, 5 states\n"
    );
}

#[test]
fn the_list_for_machines_has_an_object_to_a_line() {
    let scratch = Scratch::with_doors();
    let out = scratch.run(&["list", "--json"]).good();
    let entries: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(entries.len(), 2);
    let door = &entries[1];
    assert_eq!(
        (&door["automaton"], &door["instances"], &door["key_type"]),
        (&"door".into(), &"per door".into(), &"u32".into())
    );
    assert_eq!((&door["states"], &door["leaves"], &door["events"]), (&4.into(), &3.into(), &3.into()));
    assert!(entries[0].get("key_type").is_none());
}

#[test]
fn definitions_with_errors_are_not_listed() {
    let scratch = Scratch::with_doors();
    scratch.write("automata/door.yaml", &DOOR.replace("remove: GONE", "remove: GON"));
    let run = scratch.run(&["list"]);
    assert_eq!((run.code, run.out.as_str()), (1, ""));
    assert!(run.err.contains("`GON`") && run.err.contains("nothing was done"), "{}", run.err);
}

#[test]
fn an_empty_folder_says_how_to_begin() {
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.path().join("automata")).expect("a folder of ours");
    scratch.run(&["list"]).bad(2, &["there is no automaton in ", "`automata new NAME` makes one"]);
}

#[test]
fn a_code_is_explained_however_it_is_written() {
    let scratch = Scratch::new();
    let told = scratch.run(&["explain", "A0001"]).good();
    assert!(told.starts_with("error A0001: ") && told.contains("```yaml"), "{told}");
    for written in ["a0001", "1", "0001"] {
        assert_eq!(scratch.run(&["explain", written]).good(), told, "{written}");
    }
}

#[test]
fn without_a_code_all_are_listed() {
    let scratch = Scratch::new();
    let list = scratch.run(&["explain"]).good();
    let errors = list.lines().filter(|line| line.starts_with("error A0")).count();
    let warnings = list.lines().filter(|line| line.starts_with("warning A02")).count();
    assert!(errors > 30 && warnings > 5, "{list}");
    assert_eq!(errors + warnings, automata_compiler::codes::all().count());
}

#[test]
fn an_unknown_code_is_refused() {
    let scratch = Scratch::new();
    for written in ["A9999", "999999999", "A0777"] {
        let run = scratch.run(&["explain", written]);
        let help = "help: `automata explain` lists all codes\n";
        assert_eq!(run.err, format!("error: there is no code `{written}`\n{help}"));
        assert_eq!(run.code, 2);
    }
    scratch.run(&["explain", "E0001"]).bad(2, &["did you mean `A0001`?"]);
    let run = scratch.run(&["explain", "foo"]);
    assert_eq!(run.err, "error: there is no code `foo`\nhelp: `automata explain` lists all codes\n");
    assert_eq!(run.code, 2);
}
