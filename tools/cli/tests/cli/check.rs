//! `automata check`.

use serde_json::Value;

use crate::scratch::{DOOR, PARTS, Scratch, run};

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
    scratch.write(
        "automata/door.yaml",
        &DOOR.replace("  openings: {", "  unused: { type: u8, initial: 0 }\n  openings: {"),
    );
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
    assert_eq!(run.err.matches("A0011").count(), 16, "{}", run.err);
    assert!(run.err.contains("… and 984 more; `automata check` shows them"), "{}", run.err);
    let run = scratch.run(&["check", "--json"]);
    let report: Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(1000));
}

#[test]
fn a_folder_without_automata_is_not_well() {
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.path().join("automata")).expect("a folder of ours");
    let empty = ["there is no automaton in ", "automata", "help: `automata new NAME`"];
    scratch.run(&["check"]).bad(2, &empty);
    scratch.run(&["check", "--json"]).bad(2, &empty);
    scratch.write("automata/parts.yaml", PARTS);
    for command in [&["check"][..], &["list"], &["generate"], &["render"], &["simulate", "door"]] {
        scratch.run(command).bad(2, &empty);
    }
    scratch.write("automata/inner/door.yaml", DOOR);
    let run = scratch.run(&["check"]);
    assert!(run.out.contains("error[A0038]: `inner` is a folder"), "{}", run.out);
    assert!(run.out.ends_with("0 automata, 1 error, 0 warnings\n"), "{}", run.out);
    assert_eq!(run.code, 1);
}

#[test]
fn files_folders_and_automata_are_checked_as_they_are_typed() {
    let scratch = Scratch::with_doors();
    let all = "2 automata, 5 states, 0 errors, 0 warnings\n";
    let door = "1 automaton, 4 states, 0 errors, 0 warnings\n";
    for name in ["automata", "automata/", "./automata", ".", "automata/../automata"] {
        assert_eq!(scratch.run(&["check", name]).good(), all, "{name}");
    }
    for name in ["door", "automata/door.yaml", "./automata/door.yaml"] {
        assert_eq!(scratch.run(&["check", name]).good(), door, "{name}");
    }
    let absolute = scratch.path().join("automata/door.yaml").display().to_string();
    assert_eq!(scratch.run(&["check", &absolute]).good(), door);
    assert_eq!(scratch.run(&["check", "door", "automata/bell.yaml"]).good(), all);
    assert_eq!(scratch.run(&["check", "door", "automata"]).good(), all, "the folder holds the file");
    assert_eq!(scratch.run(&["check", "door", "door"]).good(), door, "once is enough");
    assert_eq!(scratch.run(&["check", "automata/parts.yaml"]).good(), "0 automata, 0 states, 0 errors, 0 warnings\n");
    scratch.run(&["new", "courier", "--automata", "other/automata"]).good();
    let together = "3 automata, 9 states, 0 errors, 0 warnings\n";
    assert_eq!(scratch.run(&["check", "automata", "other/automata"]).good(), together);
    assert_eq!(scratch.run(&["check", "automata", "other"]).good(), together, "the `automata` in it");
    assert!(scratch.run(&["check", "courier", "--automata", "other/automata"]).good().starts_with("1 automaton, 4"));
    // A folder that happens to be called like an automaton.
    std::fs::create_dir(scratch.path().join("door")).expect("a folder of ours");
    assert_eq!(scratch.run(&["check", "door"]).good(), door);
    scratch.run(&["check", "./door"]).bad(2, &["there is no automaton in ./door"]);
}

#[test]
fn what_is_not_there_is_named_with_what_is_near() {
    let scratch = Scratch::with_doors();
    scratch.run(&["check", "dor"]).bad(2, &["error: there is no automaton `dor`", "help: did you mean `door`?"]);
    scratch.run(&["check", "submarine"]).bad(2, &["there is no automaton `submarine`", "there are: bell, door\n"]);
    scratch
        .run(&["check", "automata/dor.yaml"])
        .bad(2, &["error: automata/dor.yaml does not exist", "did you mean `automata/door.yaml`?"]);
    scratch
        .run(&["check", "no/such/file.yaml"])
        .bad(2, &["no/such/file.yaml does not exist", "help: nor does no/such"]);
    scratch.write("notes.md", "");
    scratch.run(&["check", "notes.md"]).bad(2, &["notes.md is not a definition", "end in `.yaml`"]);
    scratch.write("automata/lift.yml", "automaton: lift\n");
    scratch.write("automata/lift.yaml.txt", "automaton: lift\n");
    for file in ["automata/lift.yml", "automata/lift.yaml.txt"] {
        let run = scratch.run(&["check", file]);
        assert!(run.code == 1 && run.out.contains("rename it to `lift.yaml`"), "{}", run.out);
    }
    let run = scratch.run(&["list"]);
    assert!(
        run.code == 1 && run.out.contains("door") && run.err.contains("left out"),
        "the others are still there: {run:?}"
    );
}

#[test]
fn a_file_that_is_among_the_definitions_is_named_with_its_folder() {
    let scratch = Scratch::with_doors();
    scratch
        .run(&["check", "door.yaml"])
        .bad(2, &["door.yaml does not exist", "help: did you mean `automata/door.yaml`?"]);
    scratch.run(&["check", "src/door.yaml"]).bad(2, &["help: did you mean `automata/door.yaml`?"]);
    scratch.run(&["render", "door.yaml"]).bad(2, &["there is no automaton `door.yaml`", "did you mean `door`?"]);
    scratch.run(&["render", "automata/door.yaml"]).bad(2, &["did you mean `door`?"]);
    scratch.run(&["simulate", "door.yaml"]).bad(2, &["did you mean `door`?"]);
}

/// "There is no automaton `lift`; there are: lift".
#[test]
fn a_folder_in_place_of_a_file_is_a_finding_of_the_automaton() {
    let scratch = Scratch::with_doors();
    scratch.write("automata/lift.yaml/lift.yaml", "automaton: lift\n");
    let run = scratch.run(&["check", "lift"]);
    assert!(run.code == 1 && run.out.contains("`lift.yaml` is a folder: definitions in it are not read"), "{run:?}");
    scratch.run(&["render", "lift"]).bad(1, &["`lift.yaml` is a folder", "`lift` has errors"]);
}

#[test]
fn what_comes_in_and_is_named_too_is_counted_once() {
    let scratch = Scratch::with_doors();
    let draft = DOOR.replace("remove: GONE", "remove: GON");
    for arguments in [["check", "-", "door"], ["check", "door", "-"], ["check", "-", "./automata/door.yaml"]] {
        assert!(scratch.run_with(&arguments, DOOR).good().starts_with("1 automaton, 4 states"), "{arguments:?}");
        let run = scratch.run_with(&arguments, &draft);
        assert!(
            run.out.contains("--> <stdin>:19") && run.out.ends_with("1 automaton, 1 error, 0 warnings\n"),
            "{run:?}"
        );
    }
    for arguments in [["check", "-", "bell"], ["check", "automata", "-"]] {
        let run = scratch.run_with(&arguments, &draft);
        assert!(
            run.out.contains("--> <stdin>:19") && run.out.ends_with("2 automata, 1 error, 0 warnings\n"),
            "{run:?}"
        );
    }
    scratch.run_with(&["check", "-", "-"], DOOR).bad(2, &["standard input can be read only once", "help: "]);
}

#[test]
fn of_a_file_its_findings_are_shown_and_errors_elsewhere_are_named() {
    let scratch = Scratch::with_doors();
    scratch.write("automata/bell.yaml", &crate::scratch::BELL.replace("READY:\n", "REDY:\n"));
    // The bell names the door, and not the other way round but for `from`.
    let run = scratch.run(&["check", "door"]);
    assert_eq!(
        run.out,
        "elsewhere: automata/bell.yaml:5:10: A0024: there is no state `READY` inside `bell`; did you mean `REDY`?\n\
         1 automaton, 4 states, 0 errors, 0 warnings\n"
    );
    assert_eq!(run.code, 0);
    let report: Value = serde_json::from_str(&scratch.run(&["check", "door", "--json"]).good()).expect("JSON");
    assert_eq!(report["elsewhere"][0]["code"], "A0024");
    assert_eq!(report["findings"], serde_json::json!([]));
    scratch.write("automata/bell.yaml", crate::scratch::BELL);
    scratch.write("automata/door.yaml", "automaton: door\nsummary: x\nstates: [\n");
    let run = scratch.run(&["check", "bell"]);
    assert!(run.out.contains("elsewhere: automata/door.yaml:3:9: A0001: "), "{}", run.out);
    assert!(run.out.contains("note: an automaton that is asked for names what has errors"), "{}", run.out);
    assert_eq!(run.code, 1);
    let run = scratch.run(&["check", "door"]);
    assert!(run.out.contains("error[A0001]") && !run.out.contains("elsewhere"), "{}", run.out);
}

/// So that a click on it opens the file.
#[test]
fn findings_name_files_as_they_are_reached_from_here() {
    let scratch = Scratch::with_doors();
    scratch.write("automata/door.yaml", &DOOR.replace("remove: GONE", "remove: GON"));
    scratch.write("src/deep/file", "");
    for (folder, arguments, shown) in [
        ("", &["check"][..], "--> automata/door.yaml:19:"),
        ("", &["check", "./automata/door.yaml"], "--> automata/door.yaml:19:"),
        ("automata", &["check"], "--> ../automata/door.yaml:19:"),
        ("automata", &["check", "."], "--> door.yaml:19:"),
        ("src/deep", &["check", "door"], "--> ../../automata/door.yaml:19:"),
        ("src", &["check", "../automata"], "--> ../automata/door.yaml:19:"),
    ] {
        let mut command = scratch.command(arguments);
        command.current_dir(scratch.path().join(folder));
        let run = run(command, "");
        assert!(run.out.contains(shown), "{folder} {arguments:?}: {}", run.out);
    }
}

#[test]
fn a_definition_on_standard_input_is_checked_among_the_others() {
    let scratch = Scratch::with_doors();
    let broken = DOOR.replace("remove: GONE", "remove: GON");
    let run = scratch.run_with(&["check", "-"], &broken);
    assert!(run.out.contains("--> <stdin>:19:19"), "{}", run.out);
    assert!(run.out.ends_with("1 automaton, 1 error, 0 warnings\n"), "{}", run.out);
    assert_eq!(run.code, 1);
    assert_eq!(scratch.run(&["check"]).code, 0, "the file is as it was");
    let summary = "1 automaton, 4 states, 0 errors, 0 warnings\n";
    assert_eq!(scratch.run_with(&["check", "-"], DOOR).good(), summary);
    let new = DOOR.replace("automaton: door", "automaton: gate").replace("from: bell", "from: hall");
    assert_eq!(scratch.run_with(&["check", "-"], &new).good(), summary);
    let elsewhere = Scratch::new();
    let path = scratch.path().join("automata").display().to_string();
    assert_eq!(elsewhere.run_with(&["check", "-", "--automata", &path], DOOR).good(), summary);
    scratch.run_with(&["check", "-", "--watch"], DOOR).bad(2, &["standard input"]);
    let run = scratch.run_with(&["check", "-"], "just: words\n");
    assert!(run.code == 1 && run.out.contains("<stdin>:1:1"), "{}", run.out);
}

#[test]
fn a_definition_on_standard_input_needs_no_folder() {
    let scratch = Scratch::new();
    let lamp = "automaton: lamp\nsummary: x\nevents: { press: { from: [hall, cellar] } }\n\
        actions: { shine: { by: hall } }\ninitial: A\nstates: { A: { on: { press: { do: shine } } } }\n";
    assert_eq!(scratch.run_with(&["check", "-"], lamp).good(), "1 automaton, 1 state, 0 errors, 0 warnings\n");
    let run = scratch.run_with(&["check", "-"], &lamp.replace("do: shine", "do: shin"));
    assert!(run.code == 1 && run.out.contains("did you mean `shine`?"), "{}", run.out);
    let run = scratch.run_with(&["check", "-"], "");
    assert!(run.code == 1 && run.out.contains("the file is empty"), "{}", run.out);
}

#[test]
fn annotations_for_github_are_a_line_each() {
    let scratch = Scratch::with_doors();
    let door = DOOR.replace("remove: GONE", "remove: GON").replace("summary: How long it stays open.", "");
    scratch.write("sub/automata/door.yaml", &door);
    scratch.write("sub/automata/parts.yaml", PARTS);
    scratch.write("sub/automata/types.yaml", crate::scratch::TYPES);
    scratch.write("sub/automata/bell.yaml", crate::scratch::BELL);
    let run = scratch.run(&["check", "sub", "--format", "github"]);
    assert_eq!(
        run.out,
        "::error file=sub/automata/door.yaml,line=19,col=19,endLine=19,endColumn=22,title=A0115::\
         no state `GON` in `door`%0Ahelp: did you mean `GONE`?\n2 automata, 1 error, 0 warnings\n"
    );
    assert_eq!(run.code, 1);
    let json = scratch.run(&["check", "--format", "json"]).good();
    assert_eq!(json, scratch.run(&["check", "--json"]).good());
    scratch.run(&["check", "--format", "xml"]).bad(2, &["human, json, github"]);
}

#[test]
fn unexpected_lists_what_no_state_answers_and_when() {
    let scratch = Scratch::with_doors();
    assert!(scratch.run(&["check", "--unexpected", "--deny-warnings"]).good().ends_with(", 0 unexpected events\n"));
    let open =
        DOOR.replace("            - ignore: it is locked\n", "").replace("        ignore: { push: it is open }\n", "");
    scratch.write("automata/door.yaml", &open);
    let run = scratch.run(&["check", "--unexpected"]);
    assert_eq!(run.code, 0, "{run:?}");
    for said in [
        "automata/door.yaml:22:7: CLOSED: push (when locked)\n",
        "automata/door.yaml:26:7: OPEN: push\n",
        "`ignore: { others: why }`",
        "1 warning, 2 unexpected events\n",
    ] {
        assert!(run.out.contains(said), "`{said}` is not in:\n{}", run.out);
    }
    assert!(!scratch.run(&["check"]).out.contains("unexpected"), "only if it is asked for");
    let report: Value = serde_json::from_str(&scratch.run(&["check", "--unexpected", "--json"]).good()).expect("JSON");
    let cells = report["unexpected"].as_array().expect("a list");
    let shown = cells.iter().map(|cell| (cell["state"].as_str(), cell["event"].as_str(), cell["is"].as_str()));
    assert_eq!(
        shown.collect::<Vec<_>>(),
        [(Some("CLOSED"), Some("push"), Some("sometimes")), (Some("OPEN"), Some("push"), Some("always"))]
    );
    assert_eq!((&cells[0]["when"][0], &cells[1]["line"]), (&"locked".into(), &26.into()));
    let github = scratch.run(&["check", "--unexpected", "--format", "github"]).good();
    assert!(github.contains("title=unexpected::CLOSED does not answer push (when locked)\n"), "{github}");

    // What is left over is ignored for a reason; then even `--deny-warnings` is content.
    let ignored = open.replace("{ ring: it only rings }", "{ others: nobody asks }");
    scratch.write("automata/door.yaml", &ignored.replace("if: not locked, do", "do"));
    let run = scratch.run(&["check", "--unexpected", "door"]);
    assert!(run.out.ends_with(", 0 unexpected events\n"), "{}", run.out);
    scratch.write("automata/door.yaml", &open.replace("if: not locked, do", "do"));
    let run = scratch.run(&["check", "--unexpected", "--deny-warnings", "door"]);
    assert_eq!(run.code, 1, "{}", run.out);
}
