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
    scratch.write(
        "generated/.automata-generated",
        &(scratch.read("generated/.automata-generated") + "diagrams/gone.svg\n"),
    );
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
            "4 files are out of date",
            "run `automata generate`\n",
        ],
    );
    assert_eq!(scratch.read("generated/diagrams/door.svg"), "by hand", "a check changes nothing");
    assert!(scratch.run(&["generate"]).good().contains(" 3 written, 1 removed"));
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
    scratch.run(&["generate", "--check"]).bad(1, &["stale: ", "generated/diagrams/bell.svg", "generated/rust/bell.rs"]);
    scratch.run(&["generate"]).good();
    assert!(!scratch.read("generated/.automata-generated").contains("bell"));
    scratch.run(&["generate", "--check"]).good();
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

/// `generate --out .` removed whatever was in folders that are called as those of generated files.
#[test]
fn files_of_others_are_named_and_left_alone() {
    let scratch = Scratch::with_doors();
    let mine = ["rust/mine.rs", "rust/deep/mine.rs", "tables/prices.md", "diagrams/plan.svg", "reference/laws.md"];
    for path in mine {
        scratch.write(path, "mine");
    }
    for arguments in
        [&["generate", "--out", "."][..], &["generate", "--out", "."], &["generate", "--out", ".", "--check"]]
    {
        scratch.run(arguments).bad(0, &mine.map(|path| format!("{path} is left alone")).each_ref().map(String::as_str));
        assert!(mine.iter().all(|path| scratch.read(path) == "mine"), "{arguments:?}");
    }
}

#[test]
fn nothing_is_written_among_the_definitions() {
    let scratch = Scratch::with_doors();
    for out in ["automata", "automata/out", "./automata/../automata/out", "nothing/../automata/out"] {
        scratch.run(&["generate", "--out", out]).bad(2, &["the folder of the definitions", "help: "]);
        scratch.run(&["generate", "--check", "--out", out]).bad(2, &["the folder of the definitions", "help: "]);
    }
    scratch.run(&["render", "--format", "all", "--out", "automata"]).bad(2, &["inside the folder of the definitions"]);
    scratch.run(&["render", "door", "--out", "automata/look"]).bad(2, &["inside the folder of the definitions"]);
    scratch.run(&["check", "--deny-warnings"]).good();
    std::fs::rename(scratch.path().join("automata"), scratch.path().join("rust")).expect("a folder of ours");
    scratch.run(&["generate", "--automata", "rust", "--out", "."]).bad(2, &["is the folder of the definitions"]);
}

#[cfg(unix)]
#[test]
fn a_link_to_the_definitions_leads_among_them_too() {
    let scratch = Scratch::with_doors();
    std::os::unix::fs::symlink("automata", scratch.path().join("link")).expect("a link of ours");
    scratch.run(&["generate", "--out", "link"]).bad(2, &["link is the folder of the definitions"]);
}

#[test]
fn a_file_of_somebody_else_is_not_overwritten() {
    let scratch = Scratch::with_doors();
    scratch.write("rust/mod.rs", "pub mod mine;");
    scratch.run(&["generate", "--out", "."]).bad(2, &["rust/mod.rs was not written by `automata generate`", "help: "]);
    assert_eq!(scratch.read("rust/mod.rs"), "pub mod mine;");
    assert!(!scratch.has("rust/door.rs"));
    scratch.run(&["generate"]).good();
    scratch.write("generated/diagrams/lamp.svg", "mine");
    let lamp = crate::scratch::BELL
        .replace("automaton: bell", "automaton: lamp")
        .replace("{ send: \"door[all].ring\" }", "READY");
    scratch.write("automata/lamp.yaml", &lamp);
    scratch.run(&["generate"]).bad(2, &["generated/diagrams/lamp.svg was not written by `automata generate`"]);
    assert_eq!(scratch.read("generated/diagrams/lamp.svg"), "mine");
}

/// Earlier versions wrote no list.
#[test]
fn generated_files_without_a_list_are_written_again() {
    let scratch = Scratch::with_doors();
    scratch.run(&["generate"]).good();
    std::fs::remove_file(scratch.path().join("generated/.automata-generated")).expect("it was written");
    scratch.write("automata/door.yaml", &DOOR.replace("Is it open?", "Is the door open?"));
    scratch.run(&["generate"]).good();
    scratch.run(&["generate", "--check"]).good();
}
