//! Traces that leave deliveries out.

use serde_json::Value;

use crate::replay::with_trace;
use crate::scratch::{BELL, DOOR, PARTS, Scratch, TYPES};

/// What stands for the deliveries 1 to 4 of `day.trace`: alice has come to the door, and the bell has rung.
const LINE: &str = r#"{"left_out":{"sequence":1,"deliveries":4,"from_ms":0,"at_ms":3000,"source":"alice","started":true,"timer_order":2,"instances":[{"instance":"bell","state":"READY"},{"instance":"door[7]","state":"OPEN","parameters":{"patience":5000},"variables":{"openings":1},"timers":[{"timer":"after patience in OPEN","due_ms":8000,"order":1}]}]}}"#;

/// Where it stands.
const NUMBER: usize = 4;

/// A folder with `gap.trace`, which leaves out what happened in between.
fn with_gap() -> Scratch {
    let scratch = with_trace();
    gap(&scratch, LINE);
    scratch
}

fn gap(scratch: &Scratch, line: &str) {
    let trace = scratch.read("day.trace");
    let lines: Vec<&str> = trace.lines().collect();
    let all = [&lines[..3], &[line], &lines[7..10], &["{\"end\":{\"lines\":7}}"]].concat();
    scratch.write("gap.trace", &(all.join("\n") + "\n"));
}

#[test]
fn what_follows_is_verified_and_what_is_missing_is_said() {
    let scratch = with_gap();
    let out = scratch.run(&["replay", "gap.trace"]).good();
    for said in [
        "  0:00.000  left out: 4 deliveries by alice, up to 0:03.000\n",
        "  0:08.000  door[7]                after patience in OPEN         OPEN → CLOSED",
        "verified 4 deliveries of 4 inputs, up to 0:09.500",
        "note: 4 deliveries were left out when the trace was made; what came of it was taken over from there",
    ] {
        assert!(out.contains(said), "`{said}` is not in:\n{out}");
    }
    let lines = |arguments: &[&str]| scratch.run(&[&["replay", "gap.trace"], arguments].concat()).good();
    let of_one = lines(&["--instance", "door[8]"]);
    assert!(
        of_one.contains("left out: 4 deliveries") && !of_one.contains("OPEN"),
        "it may have had a part in it: {of_one}"
    );
    assert!(lines(&["--until", "0"]).contains("verified 1 delivery"));
    assert!(!lines(&["--until", "0"]).contains("left out"));
    assert!(lines(&["--until", "8s"]).contains("verified 2 deliveries"));
    let json = lines(&["--json"]);
    assert_eq!(json.lines().nth(1), Some(LINE));
    let summary: Value = serde_json::from_str(json.lines().last().expect("a last line")).expect("JSON");
    assert_eq!((&summary["verified"], &summary["left_out"], &summary["ended"]), (&4.into(), &4.into(), &true.into()));
}

#[test]
fn a_copy_of_it_shows_no_names_and_replays() {
    let scratch = with_trace();
    gap(&scratch, &LINE.replace("\"source\":\"alice\"", "\"source\":\"hidden-source\""));
    let original = scratch.run(&["replay", "gap.trace", "--quiet", "--anonymise", "copy.trace"]).good();
    let copy = scratch.read("copy.trace");
    assert!(!copy.contains("alice") && !copy.contains("hidden") && copy.contains("\"source\":\"source-1\""), "{copy}");
    assert_eq!(scratch.run(&["replay", "copy.trace", "--quiet"]).good(), original);
}

#[test]
fn pictures_show_where_it_is() {
    let scratch = with_gap();
    let svg = scratch.run(&["sequence", "gap.trace"]).good();
    assert!(svg.contains(">left out<") && svg.contains("left out: 4 deliveries by alice"), "{svg}");
    let mermaid = |arguments: &[&str]| {
        scratch.run(&[&["sequence", "gap.trace", "--format", "mermaid"], arguments].concat()).good()
    };
    let note = "left out#58; 4 deliveries by alice";
    assert!(mermaid(&[]).contains(note), "{}", mermaid(&[]));
    assert!(mermaid(&["--from", "4", "--to", "5"]).contains(note), "the last of them is the fourth");
    assert!(!mermaid(&["--from", "5"]).contains(note));
    assert!(mermaid(&["--instance", "door[8]"]).contains(note), "it may have had a part in it");
    let used = scratch.run(&["render", "door", "--trace", "gap.trace"]).good();
    assert!(used.contains("4 deliveries, of whatever automata, are left out"), "{used}");
}

/// The folder `new`: the doors with something changed.
fn with_new(scratch: &Scratch, from: &str, to: &str) {
    assert!(DOOR.contains(from), "{from}");
    for (name, text) in [("parts", PARTS), ("types", TYPES), ("bell", BELL), ("door", &DOOR.replace(from, to))] {
        scratch.write(&format!("new/{name}.yaml"), text);
    }
}

#[test]
fn another_version_takes_over_what_came_of_it_or_says_why_it_cannot() {
    let scratch = with_gap();
    with_new(&scratch, "Is it open?", "Can I come in?");
    let out = scratch.run(&["diff", "gap.trace", "automata", "new"]).good();
    assert!(
        out.contains("they agree on all 4 deliveries") && out.contains("note: 4 deliveries were left out"),
        "{out}"
    );
    // What is different only in what was left out is not seen; what comes later is.
    with_new(&scratch, "\"greet(who, openings)\"", "\"greet(who, 99)\"");
    scratch.run(&["diff", "gap.trace", "automata", "new"]).good();
    with_new(&scratch, "patience: CLOSED", "patience: GONE");
    let run = scratch.run(&["diff", "gap.trace", "automata", "new"]);
    assert_eq!((run.code, run.out.contains("they part at line 5 of gap.trace")), (1, true), "{}", run.out);
    with_new(&scratch, "openings", "opened");
    let run = scratch.run(&["diff", "gap.trace", "automata", "new"]);
    assert_eq!(run.code, 1, "{}", run.err);
    for said in ["they part at line 4", "there is no variable of door named `openings`"] {
        assert!(run.out.contains(said), "`{said}` is not in:\n{}", run.out);
    }
}

/// After a difference it has started its timers in another order, and has other instances.
#[test]
fn another_version_that_is_elsewhere_is_followed_beyond_it_as_far_as_it_goes() {
    let scratch = with_trace();
    let trace = scratch.read("day.trace");
    let lines: Vec<&str> = trace.lines().collect();
    // The bell was pressed once more, and nobody has told of it.
    let line =
        LINE.replace(r#""sequence":1,"deliveries":4,"from_ms":0"#, r#""sequence":5,"deliveries":2,"from_ms":3000"#);
    let line = line.replace(r#""order":1"#, r#""order":2"#).replace(r#""timer_order":2"#, r#""timer_order":3"#);
    let rest = lines[7..10].iter().enumerate().map(|(index, line)| {
        line.replace(&format!("\"sequence\":{}", index + 5), &format!("\"sequence\":{}", index + 7))
    });
    let rest: Vec<String> = rest.collect();
    let all: Vec<&str> =
        lines[..7].iter().copied().chain([line.as_str()]).chain(rest.iter().map(String::as_str)).collect();
    scratch.write("gap.trace", &(all.join("\n") + "\n{\"end\":{\"lines\":11}}\n"));
    scratch.run(&["replay", "gap.trace", "--quiet"]).good();
    let out_with_new = |from: &str, to: &str| {
        with_new(&scratch, from, to);
        let run = scratch.run(&["diff", "gap.trace", "automata", "new"]);
        assert_eq!(run.code, 1, "{}", run.err);
        run.out
    };
    // It counts otherwise, until it is told how it is.
    let out = out_with_new("openings += 1", "openings += 2");
    assert!(out.contains("they part at line 5") && !out.contains("stopped"), "{out}");
    assert!(out.contains("1 of 6 inputs and timers differ"), "{out}");
    assert!(out.contains("at the end every instance is in the same state"), "{out}");
    // It has no such variable.
    let out = out_with_new("openings", "opened");
    assert!(out.contains("they part at line 4"), "{out}");
    assert!(out.contains("stopped: the new version cannot be followed beyond line 8: "), "{out}");
    assert!(out.contains("what was left out there cannot be taken over: there is no variable of door"), "{out}");
}

#[test]
fn a_line_that_says_it_wrongly_is_an_error_of_that_line() {
    let scratch = with_trace();
    for (from, to, said) in [
        (r#"{"left_out":{"#, r#"{"left_out":{"extra":1,"#, "unknown field `extra`"),
        (r#"{"left_out":{"#, r#"{"extra":1,"left_out":{"#, "unknown field `extra`"),
        (r#""deliveries":4"#, r#""deliveries":4,"deliveries":4"#, "the key `deliveries` is given twice"),
        (r#""deliveries":4,"#, "", "missing field `deliveries`"),
        (r#""deliveries":4"#, r#""deliveries":"4""#, "the line does not say what was left out"),
        (r#""deliveries":4"#, r#""deliveries":0"#, "the line says that no delivery was left out"),
        (r#""deliveries":4"#, r#""deliveries":18446744073709551615"#, "deliveries cannot follow number 1"),
        (r#""sequence":1"#, r#""sequence":2"#, "the line has the sequence 2, but 1 was expected"),
        (r#""from_ms":0"#, r#""from_ms":4000"#, "deliveries were left out from 4000 ms to 3000 ms"),
        (r#""started":true,"#, "", "missing field `started`"),
        (r#""timer_order":2,"#, "", "missing field `timer_order`"),
        (r#""state":"OPEN""#, r#""stat":"OPEN""#, "unknown field `stat`"),
    ] {
        assert!(LINE.contains(from), "{from}");
        gap(&scratch, &LINE.replace(from, to));
        scratch.run(&["replay", "gap.trace", "--quiet"]).bad(2, &[&format!("gap.trace, line {NUMBER}: "), said]);
    }
    // The count is that of the lines after it too.
    gap(&scratch, &LINE.replace(r#""deliveries":4"#, r#""deliveries":5"#));
    scratch.run(&["replay", "gap.trace"]).bad(2, &["line 5: the line has the sequence 5, but 6 was expected"]);
    gap(&scratch, &LINE.replace(r#""at_ms":3000"#, r#""at_ms":8001"#));
    scratch.run(&["replay", "gap.trace"]).bad(2, &["line 5: time goes back"]);
}

#[test]
fn what_it_says_has_to_be_of_these_definitions_and_of_this_run() {
    let scratch = with_trace();
    for (from, to, said) in [
        (r#""state":"OPEN""#, r#""state":"OPN""#, "there is no leaf state of door named `OPN`"),
        (r#""state":"OPEN""#, r#""state":"GONE""#, "a leaf state that is not final"),
        (r#""instance":"bell""#, r#""instance":"bells""#, "there is no automaton named `bells`"),
        (
            r#""instance":"bell","state":"READY""#,
            r#""instance":"door[7]","state":"OPEN","parameters":{"patience":5000},"variables":{"openings":1}"#,
            "a list of instances with door[7]: expected each once",
        ),
        (r#""openings":1"#, r#""openings":256"#, "variable openings of door"),
        (r#","variables":{"openings":1}"#, "", "variable openings of door is missing"),
        (r#""patience":5000"#, r#""patience":"5s""#, "parameter patience"),
        (r#""after patience in OPEN""#, r#""after patience in OPNE""#, "there is no timer of door named"),
        (r#""order":1"#, r#""order":2"#, "the order of a timer of door[7]: expected a number below 2"),
        (
            r#""timer_order":2"#,
            r#""timer_order":18446744073709551615"#,
            "the number of starts of timers: expected at most",
        ),
        (r#""instances""#, r#""gone":["door[9]"],"instances""#, "there is no instance `door[9]` now"),
        (r#""instances""#, r#""gone":["door[7]","door[7]"],"instances""#, "there is no instance `door[7]` now"),
        (r#""instances""#, r#""gone":["doors"],"instances""#, "there is no automaton named `doors`"),
    ] {
        assert!(LINE.contains(from), "{from}");
        gap(&scratch, &LINE.replace(from, to));
        let run = scratch.run(&["replay", "gap.trace", "--quiet"]);
        assert_eq!((run.code, run.err.as_str()), (1, ""), "{to}: {}", run.out);
        let parted = format!("parted: gap.trace, line {NUMBER}:");
        assert!(run.out.contains(&parted) && run.out.contains(said), "`{said}` is not in:\n{}", run.out);
    }
}

#[test]
fn it_stands_between_inputs_and_in_a_trace_that_numbers_timers() {
    let scratch = with_gap();
    // The bell was pressed, and the door has not heard it yet.
    let trace = scratch.read("day.trace");
    let lines: Vec<&str> = trace.lines().collect();
    let line =
        LINE.replace(r#""sequence":1,"deliveries":4,"from_ms":0"#, r#""sequence":4,"deliveries":1,"from_ms":3000"#);
    let all = [&lines[..6], &[line.as_str()], &lines[7..10], &["{\"end\":{\"lines\":10}}"]].concat();
    scratch.write("within.trace", &(all.join("\n") + "\n"));
    let run = scratch.run(&["replay", "within.trace", "--quiet"]);
    assert_eq!(run.code, 1, "{}", run.err);
    for said in ["parted: within.trace, line 7:", "expected nothing more", "ring"] {
        assert!(run.out.contains(said), "`{said}` is not in:\n{}", run.out);
    }
    let gap = scratch.read("gap.trace");
    scratch.write("gap.trace", &gap.replace(r#""timer_order":0,"#, ""));
    scratch.run(&["replay", "gap.trace"]).bad(2, &["line 4: ", "the snapshot of this trace has no `timer_order`"]);
}
