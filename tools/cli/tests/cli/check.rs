//! `automata check`.

use serde_json::Value;

use crate::scratch::{DOOR, Scratch, run};

#[test]
fn clean_definitions_are_told_of_in_one_line() {
    let scratch = Scratch::with_doors();
    assert_eq!(scratch.run(&["check"]).good(), "2 automata, 5 states, 0 errors, 0 warnings\n");
    assert_eq!(scratch.run(&["check", "--deny-warnings"]).code, 0);
}

#[test]
fn an_error_is_shown_with_its_place_and_fails() {
    let scratch = Scratch::with_doors();
    scratch.write("automata/door.yaml", &DOOR.replace("remove: GONE", "remove: GON"));
    let run = scratch.run(&["check"]);
    assert_eq!(run.code, 1);
    assert!(run.out.contains("--> automata/door.yaml:19:"), "{}", run.out);
    assert!(run.out.contains("`GONE`"), "{}", run.out);
    assert!(run.out.ends_with("2 automata, 1 error, 0 warnings\n"), "{}", run.out);
}

#[test]
fn findings_of_all_files_come_in_one_run() {
    let scratch = Scratch::with_doors();
    scratch.write("automata/door.yaml", &DOOR.replace("remove: GONE", "remove: GON"));
    scratch.write("automata/bell.yaml", "automaton: bell\nsummary: x\nstates: [\n");
    let run = scratch.run(&["check"]);
    assert!(run.out.contains("automata/door.yaml:") && run.out.contains("automata/bell.yaml:"), "{}", run.out);
    assert_eq!(run.code, 1);
}

#[test]
fn a_warning_fails_only_where_it_is_denied() {
    let scratch = Scratch::with_doors();
    scratch.write("automata/door.yaml", &DOOR.replace("summary: Nobody may come in.", ""));
    let run = scratch.run(&["check"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.out.ends_with("2 automata, 5 states, 0 errors, 1 warning\n"), "{}", run.out);
    let run = scratch.run(&["check", "--deny-warnings"]);
    assert_eq!(run.code, 1);
}

#[test]
fn json_holds_counts_places_and_help() {
    let scratch = Scratch::with_doors();
    let clean: Value = serde_json::from_str(&scratch.run(&["check", "--json"]).good()).expect("JSON");
    assert_eq!(clean, serde_json::json!({"automata": 2, "states": 5, "errors": 0, "warnings": 0, "findings": []}));

    scratch.write("automata/door.yaml", &DOOR.replace("remove: GONE", "remove: GON"));
    let run = scratch.run(&["check", "--json"]);
    assert_eq!((run.code, run.out.lines().count()), (1, 1));
    let report: Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!(report["errors"], 1);
    assert!(report.get("states").is_none(), "nobody knows");
    let finding = &report["findings"][0];
    assert_eq!(finding["severity"], "error");
    assert_eq!(finding["path"], "automata/door.yaml");
    assert_eq!((&finding["line"], &finding["column"]), (&19.into(), &19.into()));
    assert_eq!((&finding["end_line"], &finding["end_column"]), (&19.into(), &22.into()));
    assert!(finding["help"].as_str().is_some_and(|help| help.contains("GONE")), "{finding}");
    let code = finding["code"].as_str().expect("a code");
    assert!(scratch.run(&["explain", code]).good().contains(finding["title"].as_str().expect("a title")));
}

#[test]
fn colours_only_where_they_can_be_seen_or_are_wanted() {
    let scratch = Scratch::with_doors();
    assert!(!scratch.run(&["check"]).out.contains('\u{1b}'), "into a pipe");
    assert!(scratch.run(&["check", "--color", "always"]).out.contains('\u{1b}'));
    let mut command = scratch.command(&["check"]);
    command.env("CLICOLOR_FORCE", "1");
    assert!(run(command, "").out.contains('\u{1b}'), "forced by the environment");
    let mut command = scratch.command(&["check"]);
    command.env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1");
    assert!(!run(command, "").out.contains('\u{1b}'), "NO_COLOR is respected");
}

#[test]
fn a_file_that_is_no_text_is_a_finding_among_the_others() {
    let scratch = Scratch::with_doors();
    std::fs::write(scratch.path().join("automata/door.yaml"), b"automaton: door\nsummary: \xff")
        .expect("a file of ours");
    scratch.write("automata/bell.yaml", "automaton: bell\nsummary: x\nstates: [\n");
    let run = scratch.run(&["check", "--json"]);
    assert_eq!(run.code, 1, "{run:?}");
    let report: Value = serde_json::from_str(&run.out).expect("JSON");
    let findings = report["findings"].as_array().expect("a list");
    assert_eq!(findings.len(), 2, "{report}");
    let finding = &findings[1];
    assert_eq!((&finding["code"], &finding["path"]), (&"A0001".into(), &"automata/door.yaml".into()));
    assert_eq!((&finding["line"], &finding["column"]), (&2.into(), &10.into()));
    assert!(finding["message"].as_str().is_some_and(|message| message.contains("UTF-8")), "{finding}");
}

#[test]
fn of_many_findings_alike_the_first_are_shown() {
    let scratch = Scratch::with_doors();
    let keys: String = (0..1000).map(|number| format!("unknown_{number}: x\n")).collect();
    scratch.write("automata/bell.yaml", &format!("{}{keys}", crate::scratch::BELL));
    let run = scratch.run(&["check"]);
    assert_eq!(run.out.matches("error[A0011]").count(), 20, "{}", run.out);
    assert!(
        run.out.contains("\nautomata/bell.yaml: and 980 more of A0011; `automata check --json` has all\n"),
        "{}",
        run.out
    );
    assert!(run.out.ends_with("2 automata, 1000 errors, 0 warnings\n"), "{}", run.out);
    let run = scratch.run(&["list"]);
    assert!(run.err.contains("and 980 more of A0011"), "{}", run.err);
    let run = scratch.run(&["check", "--json"]);
    let report: Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(1000));
}

#[test]
fn a_folder_without_definitions_is_not_well() {
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.path().join("automata")).expect("a folder of ours");
    scratch.run(&["check"]).bad(2, &["no *.yaml in ", "automata", "help: `automata new NAME`"]);
    scratch.run(&["check", "--json"]).bad(2, &["no *.yaml in "]);
}
