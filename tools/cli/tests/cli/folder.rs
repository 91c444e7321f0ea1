//! Where the definitions are, and what is wrong with the command line.

use std::process::{Output, Stdio};

use crate::scratch::{BELL, DOOR, PARTS, Scratch, TYPES, run};

#[test]
fn the_folder_is_found_from_further_down() {
    let scratch = Scratch::with_doors();
    scratch.write("src/deep/down/file", "");
    let mut command = scratch.command(&["check"]);
    command.current_dir(scratch.path().join("src/deep/down"));
    assert!(run(command, "").good().starts_with("2 automata"));
    let mut command = scratch.command(&["check"]);
    command.current_dir(scratch.path().join("automata"));
    assert!(run(command, "").good().starts_with("2 automata"), "and from within");
}

#[test]
fn another_folder_can_be_named_before_and_behind_the_command() {
    let scratch = Scratch::with_doors();
    scratch.run(&["new", "courier", "--automata", "other"]).good();
    assert!(scratch.run(&["--automata", "other", "check"]).good().starts_with("1 automaton"));
    assert!(scratch.run(&["check", "--automata", "other"]).good().starts_with("1 automaton"));
    for guessed in ["--folder", "--dir"] {
        assert!(scratch.run(&["check", guessed, "other"]).good().starts_with("1 automaton"), "{guessed}");
        assert!(!scratch.run(&["check", "--help"]).good().contains(guessed), "it is not shown");
    }
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let scratch = Scratch::new();
    scratch.run(&["check", "--automata", "nowhere"]).bad(2, &["error: nowhere does not exist", "help:"]);
    scratch.write("file", "");
    scratch
        .run(&["check", "--automata", "file"])
        .bad(2, &["error: file is not a folder", "definitions: `--automata .`\n"]);
    scratch.write("a/door.yaml", "");
    scratch
        .run(&["check", "--automata", "a/door.yaml"])
        .bad(2, &["error: a/door.yaml is not a folder", "definitions: `--automata a`\n"]);
}

#[test]
fn without_any_folder_the_way_out_is_said() {
    let scratch = Scratch::new();
    scratch.run(&["check"]).bad(2, &["there is no folder `automata` in ", "--automata DIR", "automata new NAME"]);
}

/// Whoever writes one automaton can look at the others.
#[test]
fn a_broken_file_does_not_keep_the_others_from_working() {
    let scratch = Scratch::with_doors();
    scratch.write("automata/lamp.yaml", "automaton: lamp\nsummary: x\nstates: [\n");
    let told = "automata/lamp.yaml:3:9: A0001: ";
    for arguments in [&["render", "door"][..], &["simulate", "door[1]", "--script", "-"]] {
        let run = scratch.run(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.err);
        assert_eq!(run.err.lines().count(), 2, "a line for the error, and what is left out: {}", run.err);
        run.bad(0, &[told, "note: left out, with these errors: lamp\n"]);
    }
    assert!(scratch.run(&["render", "door"]).out.contains("<svg"));
    // What was asked for did not all come.
    let run = scratch.run(&["list"]);
    assert!(run.out.contains("door") && run.out.contains("bell") && !run.out.contains("lamp"), "{}", run.out);
    run.bad(1, &[told]);
    let run = scratch.run(&["render", "--out", "look"]);
    assert!(scratch.has("look/door.svg") && scratch.has("look/bell.svg") && !scratch.has("look/lamp.svg"));
    run.bad(1, &[told]);
    // What has errors itself, or names what has, cannot be drawn.
    scratch
        .run(&["render", "lamp"])
        .bad(1, &["error[A0001]", "`lamp` has errors, or names an automaton that has; nothing was done"]);
    scratch.write("automata/door.yaml", "automaton: door\nsummary: x\nstates: [\n");
    let run = scratch.run(&["render", "bell"]);
    assert_eq!(run.out, "", "it sends to the door");
    run.bad(1, &["`bell` has errors, or names an automaton that has"]);
}

/// Half of the Rust would not compile, and pictures of different days would lie side by side.
#[test]
fn everything_is_generated_or_nothing() {
    let scratch = Scratch::with_doors();
    scratch.write("automata/lamp.yaml", "automaton: lamp\nsummary: x\nstates: [\n");
    scratch.run(&["generate"]).bad(1, &["error[A0001]", "the definitions have 1 error; nothing was done"]);
    assert!(!scratch.has("generated"));
    assert!(scratch.run(&["generate", "--help"]).good().contains("nothing is written"));
}

#[test]
fn a_mistyped_command_or_option_is_a_wrong_use() {
    let scratch = Scratch::with_doors();
    scratch.run(&["chekc"]).bad(2, &["unrecognized subcommand 'chekc'", "'check'"]);
    scratch.run(&["check", "--jsno"]).bad(2, &["--json"]);
    scratch.run(&[]).bad(2, &["Usage: automata"]);
}

#[test]
fn help_is_worth_reading() {
    let scratch = Scratch::new();
    let help = scratch.run(&["--help"]).good();
    let manual = include_str!("../../../../docs/AUTOMATA.md");
    for command in [
        "check",
        "list",
        "explain",
        "simulate",
        "replay",
        "diff",
        "sequence",
        "render",
        "generate",
        "new",
        "completions",
        "man",
    ] {
        assert!(help.contains(&format!("\n  {command} ")), "{command} is not in:\n{help}");
        assert!(manual.contains(&format!("`automata {command}")), "{command} is not in the manual");
        let own = scratch.run(&[command, "--help"]).good();
        assert!(own.contains("Usage: automata "), "{own}");
    }
    assert!(help.contains("Exit codes:") && help.contains("Examples:"), "{help}");
    let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("a trace and the definitions differ, or a property is violated"), "{help}");
}

/// The program with an output that nobody reads.
fn unread(scratch: &Scratch, arguments: &[&str]) -> Output {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = scratch.command(arguments);
    let child = command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).spawn().expect("the program");
    child.wait_with_output().expect("it ends")
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let scratch = Scratch::with_doors();
    for arguments in [
        &["explain"][..],
        &["list", "--json"],
        &["completions", "zsh"],
        &["man"],
        &["render", "door"],
        &["check"],
        &["check", "--json"],
        &["check", "--watch"],
        &["simulate", "bell"],
    ] {
        let output = unread(&scratch, arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    }
}

/// `automata check | head` passed although there were errors.
#[test]
fn a_reader_that_goes_away_does_not_change_the_verdict() {
    let scratch = crate::replay::with_trace();
    scratch.write("steps.jsonl", "{\"event\": \"press\"}\n{\"event\": \"pres\"}\n");
    scratch.write("new/bell.yaml", BELL);
    scratch.write("new/parts.yaml", PARTS);
    scratch.write("new/types.yaml", TYPES);
    scratch.write("new/door.yaml", &DOOR.replace("openings += 1", "openings += 2"));
    scratch.write("bad/door.yaml", &DOOR.replace("remove: GONE", "remove: GON"));
    for (arguments, code, said) in [
        (&["check", "bad"][..], 1, ""),
        (&["check", "bad", "--json"], 1, ""),
        (&["check", "bad", "--format", "github"], 1, ""),
        (&["check", "bad", "--watch"], 1, ""),
        (&["replay", "day.trace", "--automata", "new"], 1, ""),
        (&["replay", "day.trace", "--automata", "new", "--json"], 1, ""),
        (&["replay", "day.trace", "--automata", "new", "--speed", "0.001"], 1, ""),
        (&["diff", "day.trace", "automata", "new"], 1, ""),
        (&["diff", "day.trace", "automata", "new", "--json"], 1, ""),
        (&["simulate", "bell", "--script", "steps.jsonl"], 2, "steps.jsonl, line 2"),
        (&["simulate", "bell", "--script", "steps.jsonl", "--json", "--trace", "run.trace"], 2, "steps.jsonl, line 2"),
    ] {
        let output = unread(&scratch, arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.contains(said) && errors.is_empty() == said.is_empty(), "{arguments:?}: {errors}");
    }
    assert!(scratch.has("run.trace"), "what was to be written is written");
}
