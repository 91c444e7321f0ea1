//! `automata diff`.

use serde_json::Value;

use crate::replay::with_trace;
use crate::scratch::{BELL, DOOR, PARTS, Scratch, TYPES};

/// The folder `new`: the doors with something changed.
fn with_new(scratch: &Scratch, from: &str, to: &str) {
    assert!(DOOR.contains(from), "{from}");
    for (name, text) in [("parts", PARTS), ("types", TYPES), ("bell", BELL), ("door", &DOOR.replace(from, to))] {
        scratch.write(&format!("new/{name}.yaml"), text);
    }
}

#[test]
fn two_versions_that_do_the_same_agree() {
    let scratch = with_trace();
    with_new(&scratch, "Is it open?", "Can I come in?");
    let out = scratch.run(&["diff", "day.trace", "automata", "new"]).good();
    assert!(out.contains("made under automata and new") && out.contains("they agree on all 8 deliveries"), "{out}");
}

#[test]
fn the_first_place_where_they_part_is_shown_from_both_sides() {
    let scratch = with_trace();
    with_new(&scratch, "\"greet(who, openings)\"", "\"greet(who, 99)\"");
    let run = scratch.run(&["diff", "day.trace", "automata", "new"]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    for said in [
        "day.trace was made under automata\n",
        "they part at line 5 of day.trace",
        "event       door[7] ← push",
        "states      CLOSED → OPEN",
        "conditions  locked = false",
        "actions     greet(\"alice\", 1)",
        "actions     greet(\"alice\", 99)",
        "actions[0].arguments.openings: 1 before, 99 after",
    ] {
        assert!(run.out.contains(said), "`{said}` is not in:\n{}", run.out);
    }
    let run = scratch.run(&["diff", "day.trace", "automata", "new", "--json"]);
    let json: Value = serde_json::from_str(run.out.trim()).expect("one object");
    assert_eq!((run.code, &json["parting"]["line"], &json["parting"]["old"]), (1, &5.into(), &Value::Null));
}

#[test]
fn a_question_that_only_one_asks_is_named() {
    let scratch = with_trace();
    with_new(&scratch, "on: { ring: { restart: patience } }", "on: { ring: { if: locked, restart: patience } }");
    let run = scratch.run(&["diff", "day.trace", "automata", "new"]);
    assert_eq!(run.code, 1, "{}", run.err);
    for said in [
        "event       door[7] ← ring",
        "door[7] asks for the condition `locked`, which the trace has no answer for here",
    ] {
        assert!(run.out.contains(said), "`{said}` is not in:\n{}", run.out);
    }
}

#[test]
fn a_trace_of_neither_leads_nowhere() {
    let scratch = with_trace();
    with_new(&scratch, "default: 5s", "default: 6s");
    scratch.write("automata/door.yaml", &DOOR.replace("default: 5s", "default: 6s"));
    scratch
        .run(&["diff", "day.trace", "automata", "new"])
        .bad(2, &["here both do the same, which is not what the trace says"]);
    scratch.run(&["diff", "-", "automata", "new"]).bad(2, &["cannot come from standard input"]);
}
