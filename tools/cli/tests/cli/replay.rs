//! `automata replay`.

use serde_json::Value;

use crate::scratch::{DOOR, Scratch};

const STEPS: &str = r#"{"conditions": {"locked": false}, "instance": "door[7]", "event": "push", "fields": {"who": "alice"}}
{"at_ms": 3000, "instance": "bell", "event": "press"}
{"at_ms": 9000, "conditions": {"locked": true}, "instance": "door[7]", "event": "push", "fields": {"who": "bob"}}
{"at_ms": 9500, "instance": "door[8]", "event": "remove"}
"#;

/// A folder with doors, and `day.trace`: a trace of what happened to them.
pub fn with_trace() -> Scratch {
    let scratch = Scratch::with_doors();
    scratch.run_with(&["simulate", "door", "--script", "-", "--trace", "day.trace"], STEPS).good();
    scratch
}

fn edited(scratch: &Scratch, from: &str, to: &str) {
    let trace = scratch.read("day.trace");
    assert!(trace.contains(from), "{from} is not in:\n{trace}");
    scratch.write("edited.trace", &trace.replacen(from, to, 1));
}

#[test]
fn a_trace_is_verified_and_shown() {
    let scratch = with_trace();
    let out = scratch.run(&["replay", "day.trace"]).good();
    for said in [
        "automata 0",
        "0:00.000  door[7]                push(alice)                    CLOSED → OPEN  locked? false  openings = 1  greet(alice, 1)",
        "0:08.000  door[7]                after patience in OPEN         OPEN → CLOSED",
        "(ignored)  locked? true",
        "(no such instance)",
        "verified 8 deliveries of 6 inputs, up to 0:09.500",
    ] {
        assert!(out.contains(said), "`{said}` is not in:\n{out}");
    }
    let quiet = scratch.run(&["replay", "day.trace", "--quiet"]).good();
    assert_eq!(quiet.lines().count(), 1, "{quiet}");
}

#[test]
fn a_part_of_it_can_be_shown() {
    let scratch = with_trace();
    let lines = |arguments: &[&str]| {
        let mut all = vec!["replay", "day.trace"];
        all.extend(arguments);
        scratch.run(&all).good()
    };
    let of_bell = lines(&["--instance", "bell"]);
    assert!(of_bell.contains("press") && !of_bell.contains("push"), "{of_bell}");
    assert!(of_bell.contains("verified 8 deliveries"), "the others are verified still: {of_bell}");
    assert!(lines(&["--instance", "door[8]"]).contains("remove"));
    assert!(lines(&["--until", "2"]).contains("verified 3 deliveries"));
    assert!(lines(&["--until", "5s"]).contains("verified 5 deliveries"));
    assert!(lines(&["--speed", "1000000"]).contains("verified 8 deliveries"));
    scratch.run(&["replay", "day.trace", "--instance", "dor"]).bad(2, &["did you mean `door`?"]);
    scratch.run(&["replay", "day.trace", "--until", "noon"]).bad(2, &["`noon` is not a time"]);
    scratch.run(&["replay", "day.trace", "--speed", "0"]).bad(2, &["`0` is not a factor"]);
}

#[test]
fn machines_get_the_lines_and_what_it_came_to() {
    let scratch = with_trace();
    let out = scratch.run(&["replay", "day.trace", "--json"]).good();
    let lines: Vec<&str> = out.lines().collect();
    let trace = scratch.read("day.trace");
    assert_eq!(lines[..8], trace.lines().skip(2).take(8).collect::<Vec<_>>());
    let summary: Value = serde_json::from_str(lines[8]).expect("JSON");
    assert_eq!(
        (&summary["verified"], &summary["ended"], &summary["same_definitions"]),
        (&8.into(), &true.into(), &true.into())
    );
    assert_eq!(summary["parting"], Value::Null);
}

#[test]
fn the_first_event_that_differs_is_shown() {
    let scratch = with_trace();
    scratch.write("automata/door.yaml", &DOOR.replace("after: { patience: CLOSED }", "after: { patience: GONE }"));
    let run = scratch.run(&["replay", "day.trace"]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    let out = run.out;
    for said in [
        "note: day.trace was made under other definitions",
        "parted: day.trace, line 8: the definitions and the trace part",
        "expected #5   0:08.000  door[7]                after patience in OPEN         OPEN → CLOSED",
        "found    #5   0:08.000  door[7]                after patience in OPEN         OPEN → GONE",
        "after: \"CLOSED\" in the trace, \"GONE\" here",
        "5 deliveries of 3 inputs, up to 0:03.000 agree before it",
    ] {
        assert!(out.contains(said), "`{said}` is not in:\n{out}");
    }
    assert!(out.starts_with("note:"), "before anything else");
    let json = scratch.run(&["replay", "day.trace", "--json", "--quiet"]);
    let summary: Value = serde_json::from_str(json.out.trim()).expect("one line");
    assert_eq!(
        (json.code, &summary["parting"]["line"], &summary["parting"]["kind"]),
        (1, &8.into(), &"differs".into())
    );
}

#[test]
fn what_the_trace_does_not_know_is_named() {
    let scratch = with_trace();
    let other = |from: &str, to: &str, said: &str| {
        assert!(DOOR.contains(from));
        scratch.write("automata/door.yaml", &DOOR.replace(from, to));
        let run = scratch.run(&["replay", "day.trace", "--quiet"]);
        assert_eq!(run.code, 1, "{}", run.err);
        assert!(run.out.contains(said), "`{said}` is not in:\n{}", run.out);
    };
    other("remove", "dismiss", "there is no event of door named `remove`");
}

#[test]
fn a_question_without_an_answer_is_named() {
    let scratch = with_trace();
    let asks = DOOR.replace("ring: { restart: patience }", "ring: { if: locked, restart: patience }");
    assert_ne!(asks, DOOR);
    scratch.write("automata/door.yaml", &asks);
    let run = scratch.run(&["replay", "day.trace", "--quiet"]);
    assert_eq!((run.code, run.err.as_str()), (1, ""), "{}", run.out);
    assert!(
        run.out.contains("door[7] asks for the condition `locked`, which the trace has no answer for here"),
        "{}",
        run.out
    );
}

#[test]
fn what_is_no_good_trace_is_said_with_its_line() {
    let scratch = with_trace();
    scratch.write("notes.txt", "Buy milk.\n");
    scratch
        .run(&["replay", "notes.txt"])
        .bad(2, &["notes.txt, line 1: this is not a trace: it begins with `Buy milk.`"]);
    scratch.run(&["replay", "nowhere"]).bad(2, &["nowhere cannot be read"]);
    scratch.run(&["replay", "automata"]).bad(2, &["automata is a folder"]);
    edited(&scratch, "\"sequence\":3", "\"sequence\":4");
    scratch
        .run(&["replay", "edited.trace"])
        .bad(2, &["edited.trace, line 6: the line has the sequence 4, but 3 was expected"]);
    edited(&scratch, "\"greet\"", "\"great\"");
    let run = scratch.run(&["replay", "edited.trace"]);
    assert_eq!(run.code, 1);
    assert!(run.out.contains("actions[0].action: \"great\" in the trace, \"greet\" here"), "{}", run.out);
    let trace = scratch.read("day.trace");
    scratch.write("cut.trace", &trace[..trace.len() - 40]);
    let run = scratch.run(&["replay", "cut.trace"]);
    assert!(run.out.contains("verified") | run.out.contains("agree, as far as it can be read"), "{}", run.out);
    run.bad(2, &["cut.trace, line 10: the line is cut off"]);
}

/// A replay passed over them, and called the line verified.
#[test]
fn what_a_line_says_beyond_a_record_or_twice_is_an_error_of_the_line() {
    let scratch = with_trace();
    let lines: Vec<usize> =
        ["\"greet\"", "\"event\":\"ring\",\"outcome\"", "\"end\""].map(|text| line_with(&scratch, text)).into();
    let (push, ring, end) = (lines[0], lines[1], lines[2]);
    for (from, to, line, said) in [
        (
            r#""outcome":"taken","before":"CLOSED""#,
            r#""extra":1,"outcome":"taken","before":"CLOSED""#,
            push,
            "unknown field `extra`",
        ),
        (r#"{"action":"greet","#, r#"{"action":"greet","extra":1,"#, push, "unknown field `extra`"),
        (r#"{"ask":"locked","#, r#"{"extra":1,"ask":"locked","#, push, "unknown field `extra`"),
        (
            r#"{"who":"alice"},"outcome""#,
            r#"{"who":"bob","who":"alice"},"outcome""#,
            push,
            "the key `who` is given twice",
        ),
        (r#"{"openings":[0,1]}"#, r#"{"openings":[0,2],"openings":[0,1]}"#, push, "the key `openings` is given twice"),
        (r#""event":"ring","outcome""#, r#""event":"rong","event":"ring","outcome""#, ring, "duplicate field `event`"),
        (r#"{"end":{"#, r#"{"extra":1,"end":{"#, end, "unknown field `extra`"),
        (r#"{"end":{"#, r#"{"end":{"extra":1,"#, end, "unknown field `extra`"),
        (r#"{"trace":1,"#, r#"{"trace":1,"timers":true,"#, 1, "the key `timers` is given twice"),
        (r#"{"trace":1,"#, r#"{"trace":1,"trace":1,"#, 1, "the key `trace` is given twice"),
        (r#"{"snapshot":{"#, r#"{"snapshot":{"extra":1,"#, 2, "unknown field `extra`"),
    ] {
        edited(&scratch, from, to);
        scratch.run(&["replay", "edited.trace", "--quiet"]).bad(2, &[&format!("edited.trace, line {line}: "), said]);
        scratch.run(&["diff", "edited.trace", "automata", "automata"]).bad(2, &[&format!("line {line}: "), said]);
    }
    edited(&scratch, r#"{"action":"greet","#, r#"{"action":"greet","extra":1,"#);
    scratch
        .run(&["sequence", "edited.trace"])
        .bad(2, &[&format!("edited.trace, line {push}: "), "unknown field `extra`"]);
    edited(&scratch, r#"{"trace":1,"#, r#"{"trace":1,"of_a_later_version":true,"#);
    scratch.run(&["replay", "edited.trace"]).good();
}

/// The number of the first line with that text.
fn line_with(scratch: &Scratch, text: &str) -> usize {
    1 + scratch.read("day.trace").lines().position(|line| line.contains(text)).expect("there is such a line")
}

#[test]
fn a_trace_may_begin_with_a_mark_of_the_order_of_bytes() {
    let scratch = with_trace();
    edited(&scratch, r#"{"trace":1,"#, "\u{feff}{\"trace\":1,");
    assert!(scratch.run(&["replay", "edited.trace"]).good().contains("verified 8 deliveries"));
}

#[test]
fn standard_input_is_a_trace_too_and_need_not_end() {
    let scratch = with_trace();
    let trace = scratch.read("day.trace");
    let without_end: String =
        trace.lines().filter(|line| !line.starts_with("{\"end\"")).map(|line| format!("{line}\n")).collect();
    let out = scratch.run_with(&["replay", "-", "--quiet"], &without_end).good();
    assert!(out.contains("verified 8 deliveries") && out.contains("it has no end"), "{out}");
}

#[test]
fn a_copy_shows_no_names_and_replays() {
    let scratch = with_trace();
    scratch.run(&["replay", "day.trace", "--quiet", "--anonymise", "copy.trace"]).good();
    let copy = scratch.read("copy.trace");
    assert!(!copy.contains("alice") && !copy.contains("bob"), "{copy}");
    assert!(copy.contains("text-1") && copy.contains("door[7]") && copy.contains("CLOSED"), "{copy}");
    let (original, again) = (
        scratch.run(&["replay", "day.trace", "--quiet"]).good(),
        scratch.run(&["replay", "copy.trace", "--quiet"]).good(),
    );
    assert_eq!(original, again);
    std::fs::hard_link(scratch.path().join("day.trace"), scratch.path().join("hard.trace")).expect("a link of ours");
    for same in ["day.trace", "./automata/../day.trace"].into_iter().chain(cfg!(unix).then_some("hard.trace")) {
        scratch.run(&["replay", "day.trace", "--anonymise", same]).bad(2, &["cannot be its own copy"]);
    }
    scratch.run(&["replay", "day.trace", "--anonymise", "automata/bell.yaml"]).bad(2, &["is a definition"]);
    scratch.run(&["replay", "day.trace", "--quiet"]).good();
    scratch.write("automata/door.yaml", &DOOR.replace("default: 5s", "default: 6s"));
    scratch
        .run(&["replay", "day.trace", "--anonymise", "other.trace"])
        .bad(2, &["made under other definitions", "--automata DIR"]);
    assert!(!scratch.has("other.trace"));
}
