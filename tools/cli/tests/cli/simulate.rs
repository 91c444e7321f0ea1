//! `automata simulate`.

use serde_json::Value;

use crate::scratch::{DOOR, Scratch};

const STEPS: &str = r#"# A door is pushed, and closes by itself.
{"conditions": {"locked": false}, "instance": "door[7]", "event": "push", "fields": {"who": "alice"}}
{"at_ms": 6000, "conditions": {"locked": true}}

{"instance": "door[7]", "event": "push", "fields": {"who": "bob"}}
{"instance": "door[8]", "event": "remove"}
"#;

fn records(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).expect("a JSON object to a line")).collect()
}

#[test]
fn a_script_gives_a_line_for_each_delivery() {
    let scratch = Scratch::with_doors();
    let out = scratch.run_with(&["simulate", "door", "--script", "-", "--json"], STEPS).good();
    let records = records(&out);
    let outcomes: Vec<(&str, &str, &str)> = records
        .iter()
        .map(|record| {
            let text = |key: &str| record[key].as_str().expect("a text");
            (text("instance"), text("event"), text("outcome"))
        })
        .collect();
    assert_eq!(
        outcomes,
        [
            ("bell", "start", "started"),
            ("door[7]", "start", "started"),
            ("door[7]", "push", "taken"),
            ("door[7]", "after patience in OPEN", "taken"),
            ("door[7]", "push", "ignored"),
            ("door[8]", "remove", "no_such_instance"),
        ]
    );
    let push = &records[2];
    assert_eq!((&push["before"], &push["after"]), (&"CLOSED".into(), &"OPEN".into()));
    assert_eq!(push["variables"], serde_json::json!({"openings": [0, 1]}));
    assert_eq!(
        push["actions"][0],
        serde_json::json!({"action": "greet", "arguments": {"who": "alice", "openings": 1}})
    );
    assert_eq!(records[3]["at_ms"], 5000, "the timer is served when it is due");
}

#[test]
fn a_script_may_be_a_file_and_may_be_read_by_people() {
    let scratch = Scratch::with_doors();
    scratch.write("steps.jsonl", STEPS);
    let out = scratch.run(&["simulate", "door", "--script", "steps.jsonl"]).good();
    for said in ["door[7] ← push", "CLOSED → OPEN", "greet", "5.000s"] {
        assert!(out.contains(said), "`{said}` is not in:\n{out}");
    }
}

#[test]
fn what_is_wrong_in_a_script_is_said_with_its_line() {
    let scratch = Scratch::with_doors();
    let wrong = |text: &str, said: &[&str]| {
        scratch.run_with(&["simulate", "door", "--script", "-", "--json"], text).bad(2, said);
    };
    wrong("{}\n{", &["standard input, line 2"]);
    wrong(r#"{"instance": "door[1]", "event": "pusch"}"#, &["line 1", "`pusch`", "did you mean `push`?"]);
    wrong(r#"{"instance": "dor[1]", "event": "push"}"#, &["line 1", "did you mean `door`?"]);
    wrong(r#"{"instance": "door", "event": "push"}"#, &["line 1", "door[…]"]);
    wrong(r#"{"instance": "door[1]", "event": "push"}"#, &["line 1", "field who of event push is missing"]);
    wrong(
        r#"{"instance": "door[1]", "event": "push", "fields": {"who": "eve"}}"#,
        &["line 1", "locked", "has no answer"],
    );
    scratch.run(&["simulate", "door", "--script", "nowhere.jsonl"]).bad(2, &["nowhere.jsonl cannot be read"]);
}

#[test]
fn what_happened_before_a_mistake_is_told_still() {
    let scratch = Scratch::with_doors();
    let run = scratch.run_with(&["simulate", "door", "--script", "-", "--json"], "{}\n{}\nnonsense");
    assert_eq!((run.code, records(&run.out).len()), (2, 1));
    assert!(run.err.contains("line 3"), "{}", run.err);
}

#[test]
fn a_mistyped_name_is_found() {
    let scratch = Scratch::with_doors();
    scratch.run(&["simulate", "dorr"]).bad(2, &["there is no automaton `dorr`", "did you mean `door`?"]);
    scratch.run(&["simulate", "door[x]"]).bad(2, &["door[x]"]);
    scratch
        .run(&["simulate", "door", "--json"])
        .bad(2, &["--json needs --script: an interactive session prints text", "door --script STEPS.jsonl --json"]);
}

#[test]
fn a_person_steps_through_an_automaton() {
    let scratch = Scratch::with_doors();
    let typed = "push who=alice\nfalse\nwait 10s\nundo\nstates\nnonsense\n";
    let out = scratch.run_with(&["simulate", "door[7]"], typed).good();
    for said in [
        "door[7] does not exist now",
        "door.locked",
        "CLOSED → OPEN",
        "greet",
        "OPEN → CLOSED",
        "door[7]: HUNG / OPEN",
        "`nonsense`",
    ] {
        assert!(out.contains(said), "`{said}` is not in:\n{out}");
    }
}

#[test]
fn the_help_names_every_key_of_a_script() {
    let scratch = Scratch::with_doors();
    let help = scratch.run(&["simulate", "--help"]).good();
    let refusal = scratch.run_with(&["simulate", "door", "--script", "-"], r#"{"x": 1}"#).err;
    let (_, keys) = refusal.split_once("there are: ").expect("the keys are listed");
    for key in keys.trim().trim_end_matches(')').split(", ") {
        assert!(help.contains(&format!("\"{key}\"")), "{key} is not in:\n{help}");
    }
}

#[test]
fn quit_ends_the_session() {
    let scratch = Scratch::with_doors();
    let out = scratch.run_with(&["simulate", "bell"], "quit\npress\n").good();
    assert!(!out.contains("bell ← press"), "{out}");
}

#[test]
fn an_end_of_input_at_a_question_is_told() {
    let scratch = Scratch::with_doors();
    let out = scratch.run_with(&["simulate", "door[7]"], "push alice\nhelp\n").good();
    assert!(out.contains("cancel, undo"), "{out}");
    assert!(out.ends_with("door.locked was not answered: the step that asked for it was not done.\n"), "{out}");
}

#[test]
fn what_was_done_is_kept_as_a_script_and_as_a_trace() {
    let scratch = Scratch::with_doors();
    let steps = "{\"conditions\": {\"locked\": false}, \"event\": \"push\", \"fields\": {\"who\": \"alice\"}}\n{\"at_ms\": 9000}\n";
    let all = ["simulate", "door[7]", "--script", "-", "--json", "--save-script", "kept.jsonl", "--trace", "run.trace"];
    let first = scratch.run_with(&all, steps).good();
    assert!(first.contains("\"instance\":\"door[7]\"") && first.contains("after patience"), "{first}");
    let again = scratch.run(&["simulate", "bell", "--script", "kept.jsonl", "--json"]).good();
    assert_eq!(first, again);
    let verified = scratch.run(&["replay", "run.trace", "--quiet"]).good();
    assert!(verified.contains(&format!("verified {} deliveries", first.lines().count())), "{verified}");
    scratch.run_with(&["simulate", "door", "--script", "-"], steps).bad(2, &["There is one door for each", "door[…]"]);
}

const KETTLE: &str = "\
automaton: kettle
summary: It gets too hot.
variables: { heat: { type: u8, initial: 0 }, lids: { type: u8, initial: 1 } }
properties:
  never_boils: { never: self in ON and heat > 2 }
  has_a_lid: { always: lids / heat >= 0 and watcher in AWAKE }
events: { heated: { from: stove }, cooled: { from: stove } }
initial: ON
states:
  ON: { on: { heated: { do: heat += 1 }, cooled: { do: heat = 0 } } }
";

const WATCHER: &str = "\
automaton: watcher
summary: It looks, or sleeps.
events: { rest: { from: stove }, wake: { from: stove } }
initial: AWAKE
states:
  AWAKE: { on: { rest: ASLEEP }, ignore: [wake] }
  ASLEEP: { on: { wake: AWAKE }, ignore: [rest] }
";

/// A step for each word.
fn steps(words: &str) -> String {
    let line = |word: &str| {
        let who = if matches!(word, "rest" | "wake") { "watcher" } else { "kettle" };
        format!("{{\"instance\":\"{who}\",\"event\":\"{word}\"}}\n")
    };
    words.split(' ').map(line).collect()
}

#[test]
fn a_violated_property_is_told_when_it_begins_and_fails_the_run() {
    let scratch = Scratch::new();
    scratch.write("automata/kettle.yaml", KETTLE);
    scratch.write("automata/watcher.yaml", WATCHER);
    scratch.write("automata/parts.yaml", "parts: { stove: It heats. }\n");
    let arguments = ["simulate", "kettle", "--script", "-", "--json", "--trace", "day.trace"];
    // Divided by zero, `always` does not hold; what is violated already is not told again, and what holds again may be
    // violated again.
    let words = "heated heated heated heated cooled rest wake heated heated heated rest";
    let run = scratch.run_with(&arguments, &steps(words));
    let violated: Vec<(u64, String)> = records(&run.out)
        .iter()
        .flat_map(|record| {
            let sequence = record["sequence"].as_u64().expect("a number");
            let properties = record["violated"].as_array().cloned().unwrap_or_default();
            properties.into_iter().map(move |of| (sequence, of.as_str().expect("a text").to_owned()))
        })
        .collect();
    let told: Vec<(u64, &str)> = violated.iter().map(|(sequence, of)| (*sequence, of.as_str())).collect();
    let wanted = [
        (0, "kettle.has_a_lid"),
        (4, "kettle.never_boils"),
        (6, "kettle.has_a_lid"),
        (11, "kettle.never_boils"),
        (12, "kettle.has_a_lid"),
    ];
    assert_eq!(told, wanted, "{}", run.out);
    assert_eq!(run.code, 1);
    assert!(run.err.contains("error: the property kettle.never_boils is violated since delivery #4"), "{}", run.err);

    let replayed = scratch.run(&["replay", "day.trace"]);
    assert_eq!(replayed.code, 1, "{}{}", replayed.out, replayed.err);
    for (sequence, property) in wanted {
        let said = format!("the property {property} is violated since delivery #{sequence}");
        assert!(replayed.out.contains(&said), "`{said}` is not in:\n{}", replayed.out);
    }
    let out = scratch.run(&["replay", "day.trace", "--json"]).out;
    let json: Value = serde_json::from_str(out.lines().last().expect("a summary")).expect("JSON");
    assert_eq!(json["violated"].as_array().map(Vec::len), Some(wanted.len()));
}

/// The script, or a definition, was overwritten.
#[test]
fn nothing_is_written_over_what_is_read() {
    let scratch = Scratch::with_doors();
    let step = "{\"instance\": \"bell\", \"event\": \"press\"}\n";
    scratch.write("s.jsonl", step);
    scratch.write("deep/file", "");
    std::fs::hard_link(scratch.path().join("s.jsonl"), scratch.path().join("hard.jsonl")).expect("a link of ours");
    std::fs::hard_link(scratch.path().join("automata/door.yaml"), scratch.path().join("hard.door")).expect("likewise");
    #[cfg(unix)]
    std::os::unix::fs::symlink("../s.jsonl", scratch.path().join("deep/soft.jsonl")).expect("likewise");
    let absolute = scratch.path().join("s.jsonl").display().to_string();
    let mut others = vec!["s.jsonl", "./deep/../s.jsonl", &absolute];
    if cfg!(unix) {
        others.extend(["hard.jsonl", "deep/soft.jsonl"]);
    }
    for option in ["--trace", "--save-script"] {
        for other in &others {
            let refused = format!("{option} names the script {other}, and would overwrite it");
            scratch.run(&["simulate", "door", "--script", "s.jsonl", option, other]).bad(2, &[&refused, "help: "]);
            scratch.run(&["simulate", "door", "--script", other, option, "s.jsonl"]).bad(2, &["would overwrite it"]);
        }
        let mut definitions = vec!["automata/door.yaml", "automata/new.yaml", "automata/steps.yml"];
        if cfg!(unix) {
            definitions.push("hard.door");
        }
        for definition in definitions {
            let refused = format!("{definition} is a definition, or would be taken for one");
            scratch.run(&["simulate", "door", "--script", "s.jsonl", option, definition]).bad(2, &[&refused]);
            scratch.run_with(&["simulate", "bell", option, definition], "press\n").bad(2, &[&refused]);
            let out = scratch.run_with(&["simulate", "bell"], &format!("press\nsave {definition}\n")).good();
            assert!(out.contains(&refused), "{out}");
        }
    }
    scratch
        .run(&["simulate", "door", "--script", "s.jsonl", "--trace", "new", "--save-script", "./new"])
        .bad(2, &["--trace and --save-script both name new"]);
    assert_eq!((scratch.read("s.jsonl"), scratch.read("automata/door.yaml")), (step.to_owned(), DOOR.to_owned()));
    assert!(!scratch.has("automata/new.yaml") && !scratch.has("new"));
    scratch.run(&["simulate", "door", "--script", "s.jsonl", "--trace", "t", "--save-script", "r.jsonl"]).good();
    scratch.run(&["replay", "t"]).good();
}

#[cfg(unix)]
#[test]
fn standard_input_is_not_overwritten_and_devices_may_be() {
    let scratch = Scratch::with_doors();
    let step = "{\"instance\": \"bell\", \"event\": \"press\"}\n";
    scratch.write("s.jsonl", step);
    let mut command = scratch.command(&["simulate", "door", "--script", "-", "--trace", "s.jsonl"]);
    command.stdin(std::fs::File::open(scratch.path().join("s.jsonl")).expect("a file of ours"));
    let output = command.output().expect("the program");
    assert_eq!((output.status.code(), scratch.read("s.jsonl")), (Some(2), step.to_owned()), "{output:?}");
    let nowhere = "/dev/null";
    scratch.run(&["simulate", "door", "--script", nowhere, "--trace", nowhere, "--save-script", nowhere]).good();
}

/// "Nothing left or entered: DARK → LIT".
#[test]
fn a_transition_without_a_target_that_an_always_follows_is_told_truly() {
    let scratch = Scratch::new();
    scratch.write("automata/parts.yaml", "parts:\n  hall: Everybody around.\n");
    let lamp = "automaton: lamp\nsummary: x\nvariables: { clicks: { type: u8, initial: 0, max: 9 } }\nevents: { click: { from: hall } }\n\
        initial: DARK\nstates:\n  DARK:\n    on: { click: { set: clicks += 1 } }\n    always: { if: clicks > 1, to: LIT }\n  \
        LIT: { ignore: { click: it shines } }\n";
    scratch.write("automata/lamp.yaml", lamp);
    let out = scratch.run_with(&["simulate", "lamp", "--script", "-"], &"{\"event\": \"click\"}\n".repeat(2)).good();
    assert!(out.contains("    internal: the transition has no target\n    clicks: 0 → 1\n"), "{out}");
    assert!(out.contains("    internal: the transition has no target, but then DARK → LIT\n"), "{out}");
}
