//! `automata sequence`, and `automata render --trace`.

use crate::replay::with_trace;
use crate::scratch::DOOR;

#[test]
fn a_span_is_drawn_in_both_formats() {
    let scratch = with_trace();
    let svg = scratch.run(&["sequence", "day.trace"]).good();
    for said in [
        "<svg",
        "day.trace",
        ">hall<",
        ">bell<",
        ">door[7]<",
        "push(alice)",
        "after patience",
        "OPEN",
        "no such instance",
    ] {
        assert!(svg.contains(said), "`{said}` is not in:\n{svg}");
    }
    let mermaid = scratch.run(&["sequence", "day.trace", "--format", "mermaid"]).good();
    for said in [
        "sequenceDiagram\n",
        "actor p2 as hall",
        "participant p1 as door[7]",
        "p2->>p1: push(alice)",
        "p1-)p2: greet(alice, 1)",
        "Note over p1: OPEN",
        "p1->>p1: after patience",
    ] {
        assert!(mermaid.contains(said), "`{said}` is not in:\n{mermaid}");
    }
    let part = scratch.run(&["sequence", "day.trace", "--from", "3s", "--to", "8s", "--format", "mermaid"]).good();
    assert!(part.contains("press") && part.contains("after patience") && !part.contains("bob"), "{part}");
    let part = scratch.run(&["sequence", "day.trace", "--from", "3", "--to", "3", "--format", "mermaid"]).good();
    assert!(part.contains("press") && !part.contains("after patience"), "{part}");
    let of_door = scratch.run(&["sequence", "day.trace", "--instance", "door[8]", "--format", "mermaid"]).good();
    assert!(of_door.contains("remove") && !of_door.contains("push"), "{of_door}");
}

#[test]
fn what_cannot_be_drawn_says_how_to_choose() {
    let scratch = with_trace();
    scratch
        .run(&["sequence", "day.trace", "--from", "100"])
        .bad(2, &["day.trace has no such delivery", "automata replay day.trace"]);
    let steps: String = (0..400).map(|_| "{\"instance\": \"bell\", \"event\": \"press\"}\n").collect();
    scratch.run_with(&["simulate", "bell", "--script", "-", "--trace", "long.trace"], &steps).good();
    scratch
        .run(&["sequence", "long.trace"])
        .bad(2, &["these are 401 deliveries", "--from and --to (deliveries 0 to 400"]);
    let steps: String = (0..70)
        .map(|key| format!("{{\"conditions\":{{\"locked\":true}},\"instance\": \"door[{key}]\", \"event\": \"push\", \"fields\": {{\"who\": \"a\"}}}}\n"))
        .collect();
    scratch.run_with(&["simulate", "bell", "--script", "-", "--trace", "wide.trace"], &steps).good();
    scratch.run(&["sequence", "wide.trace"]).bad(2, &["instances and parts; at most 60", "--instance"]);
}

#[test]
fn a_picture_shows_what_was_used_and_what_never() {
    let scratch = with_trace();
    let svg = scratch.run(&["render", "door", "--trace", "day.trace"]).good();
    for said in [
        "OPEN ×1",
        "CLOSED ×2",
        "GONE ×0",
        "push ×1",
        "remove ×0",
        "state final unused",
        "state leaf used",
        "transition unused",
        "never: 1 of 4 states",
    ] {
        assert!(svg.contains(said), "`{said}` is not in:\n{svg}");
    }
    let plain = scratch.run(&["render", "door"]).good();
    assert!(!plain.contains("×1") && !plain.contains(" unused\""));
    scratch.run(&["render", "--trace", "day.trace", "--out", "used"]).good();
    assert!(scratch.has("used/door.svg") && scratch.has("used/bell.svg") && !scratch.has("used/system.svg"));
    scratch.run(&["render", "door", "bell", "--trace", "day.trace", "--out", "two"]).good();
    assert!(scratch.has("two/door.svg") && scratch.has("two/bell.svg"));
}

#[test]
fn only_the_picture_takes_a_trace_and_only_one_of_these_definitions() {
    let scratch = with_trace();
    scratch
        .run(&["render", "door", "--format", "mermaid", "--trace", "day.trace"])
        .bad(2, &["the format `mermaid` does not take a trace"]);
    scratch.write("door.svg", &scratch.read("day.trace"));
    scratch
        .run(&["render", "door", "--trace", "door.svg", "--out", "."])
        .bad(2, &["door.svg is the trace, so no picture is written to it"]);
    assert_eq!(scratch.read("door.svg"), scratch.read("day.trace"));
    scratch.run(&["render", "dor", "--trace", "day.trace"]).bad(2, &["did you mean `door`?"]);
    scratch.write("automata/door.yaml", &DOOR.replace("default: 5s", "default: 6s"));
    scratch.run(&["render", "door", "--trace", "day.trace"]).bad(
        2,
        &[
            "day.trace does not match these definitions from line",
            "not those it was made under",
            "automata replay day.trace",
        ],
    );
}

#[test]
fn each_command_tells_what_it_is_for() {
    let scratch = with_trace();
    for (command, said) in [
        ("replay", "--anonymise <OUT>"),
        ("diff", "Run a trace under two versions of the definitions"),
        ("sequence", "--format <FORMAT>"),
        ("render", "--trace <TRACE>"),
        ("simulate", "--trace <TRACE>"),
    ] {
        let help = scratch.run(&[command, "--help"]).good();
        assert!(help.contains(said) && help.contains("Examples:"), "{help}");
    }
}
