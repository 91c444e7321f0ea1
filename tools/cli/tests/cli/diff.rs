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

#[test]
fn what_has_another_name_is_no_difference_if_that_is_said() {
    let scratch = with_trace();
    with_new(&scratch, "\"greet(who, openings)\"", "\"greet(who, openings)\"");
    scratch.write("new/door.yaml", &DOOR.replace("OPEN", "AJAR"));
    assert_eq!(scratch.run(&["diff", "day.trace", "automata", "new"]).code, 1);
    let out = scratch.run(&["diff", "day.trace", "automata", "new", "--rename", "door.OPEN=AJAR"]).good();
    assert!(out.contains("they agree on all 8 deliveries"), "{out}");
    let out = scratch.run(&["diff", "day.trace", "new", "automata", "--rename", "door.AJAR=OPEN"]).good();
    assert!(out.contains("they agree on all 8 deliveries"), "the trace is of the second: {out}");
    for (rename, said) in [
        ("door.OPEN", "write AUTOMATON.OLD=NEW"),
        ("dor.OPEN=AJAR", "there is no automaton `dor`"),
        ("door.OPEN=WIDE", "`door` in new has no state, event or variable `WIDE`"),
        ("door.WIDE=AJAR", "`door` in automata has no state, event or variable `WIDE`"),
        ("door.push=AJAR", "`push` of `door` is an event in automata, and `AJAR` is a state in new"),
        ("door.CLOSED=AJAR", "have a `door.CLOSED` too"),
    ] {
        scratch.run(&["diff", "day.trace", "automata", "new", "--rename", rename]).bad(2, &[said]);
    }
}

#[test]
fn a_timer_of_another_length_is_found_where_it_begins() {
    let scratch = with_trace();
    for (length, due) in [("1s", "0:01.000"), ("60s", "0:05.000")] {
        with_new(&scratch, "default: 5s", &format!("default: {length}"));
        let run = scratch.run(&["diff", "day.trace", "automata", "new"]);
        assert_eq!(run.code, 1, "{}", run.out);
        assert!(
            run.out.contains("they part at line 5") && run.out.contains("timer `after patience in OPEN`"),
            "{}",
            run.out
        );
        let replay = scratch.run(&["replay", "day.trace", "--automata", "new"]);
        assert!(replay.code == 1 && replay.out.contains(&format!("part, at {due}")), "{}", replay.out);
    }
}

#[test]
fn a_shorter_timer_is_found_in_a_trace_that_does_not_tell_timers() {
    let scratch = with_trace();
    let trace = scratch.read("day.trace");
    let lines = trace.lines().map(|line| match line.split_once(",\"timers\":{") {
        Some((before, rest)) => format!("{before}{}\n", rest.split_once('}').expect("an object ends").1),
        None => format!("{}\n", line.replace(",\"timers\":true", "")),
    });
    scratch.write("day.trace", &lines.collect::<String>());
    assert!(scratch.run(&["replay", "day.trace"]).good().contains("verified 8 deliveries"));
    with_new(&scratch, "default: 5s", "default: 1s");
    let run = scratch.run(&["replay", "day.trace", "--automata", "new"]);
    assert!(run.code == 1 && run.out.contains("part, at 0:01.000"), "{}", run.out);
}

#[test]
fn what_comes_after_the_first_difference_is_followed_and_summed_up() {
    let scratch = with_trace();
    // The door shuts earlier, so what comes between is another thing, and what comes later is the same again.
    with_new(&scratch, "default: 5s", "default: 1s");
    let run = scratch.run(&["diff", "day.trace", "automata", "new"]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    for said in ["further: with the same inputs (- before, + after)\n", "+   0:01.000  door[7]"] {
        assert!(run.out.contains(said), "`{said}` is not in:\n{}", run.out);
    }
    let back = scratch.run(&["diff", "day.trace", "new", "automata"]);
    assert!(back.out.contains("-   0:01.000  door[7]"), "the trace is of the second now: {}", back.out);
    let json = scratch.run(&["diff", "day.trace", "automata", "new", "--json"]);
    let json: Value = serde_json::from_str(json.out.trim()).expect("one object");
    let further = &json["further"];
    let differences = further["differences"].as_array().expect("a list");
    assert!(differences.iter().any(|of| of["line"].is_null() && of["old"].is_null() && of["new"]["at_ms"] == 1000));
    let details = differences.iter().flat_map(|of| of["differences"].as_array().expect("a list"));
    assert!(details.into_iter().all(|of| of[0] != "sequence" && of[0] != "cause"), "numbers say nothing: {further}");
    let (same, different) = (further["inputs_same"].as_u64(), further["inputs_different"].as_u64());
    assert!(same > Some(0) && different > Some(1) && further["stopped"].is_null(), "{further}");
    let summary = format!("{} of {} inputs", different.unwrap_or(0), same.unwrap_or(0) + different.unwrap_or(0));
    assert!(run.out.contains(&summary), "`{summary}` is not in:\n{}", run.out);
}

#[test]
fn a_version_that_asks_what_the_trace_has_no_answer_for_is_followed_so_far() {
    let scratch = with_trace();
    with_new(&scratch, "on: { ring: { restart: patience } }", "on: { ring: { if: locked, restart: patience } }");
    let trace = scratch.read("day.trace");
    let run = scratch.run(&["diff", "day.trace", "automata", "new"]);
    assert_eq!(run.code, 1, "{trace}");
    // `locked` was answered before, so that answer stands in for the missing one.
    assert!(run.out.contains("summary:") && !run.out.contains("stopped:"), "{}", run.out);
    with_new(&scratch, "on: { ring: { restart: patience } }", "on: { ring: { if: other, restart: patience } }");
    let door = scratch.read("new/door.yaml");
    let with_other = "conditions:\n  other: { type: bool, summary: Something else. }\n";
    scratch.write("new/door.yaml", &door.replace("conditions:\n", with_other));
    let run = scratch.run(&["diff", "day.trace", "automata", "new"]);
    assert!(run.out.contains("stopped: the new version cannot be followed beyond line"), "{}", run.out);
    assert!(run.out.contains("`other`"), "{}", run.out);
}

#[test]
fn a_property_that_only_one_version_violates_is_told() {
    let scratch = with_trace();
    with_new(&scratch, "initial: CLOSED\n", "properties:\n  shut: { never: self in OPEN }\ninitial: CLOSED\n");
    let run = scratch.run(&["diff", "day.trace", "automata", "new"]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.out.contains("they agree on all 8 deliveries"), "{}", run.out);
    assert!(run.out.contains("the property door[7].shut of new is violated since delivery #"), "{}", run.out);
}

#[test]
fn a_file_in_place_of_a_folder_is_named_with_its_place() {
    let scratch = with_trace();
    with_new(&scratch, "Is it open?", "Can I come in?");
    scratch.run(&["diff", "day.trace", "automata/door.yaml", "new"]).bad(
        2,
        &["automata/door.yaml is not a folder\n", "help: OLD is the folder that holds the definitions: `automata`\n"],
    );
    scratch
        .run(&["diff", "day.trace", "automata", "nowhere"])
        .bad(2, &["nowhere does not exist\n", "help: NEW is the folder that holds the definitions\n"]);
}
