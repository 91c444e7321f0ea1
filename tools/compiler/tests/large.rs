//! Definitions as large as pictures may be: the checks look through them in a moment, and leave nothing out.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use automata_compiler::analyse;
use automata_compiler::source::{Source, Sources};

/// One automaton of `states` states without hierarchy, with `events` events, each of which leads from one state to
/// another.
fn flat(states: usize, events: usize, is_deferred: bool) -> Sources {
    let mut text = "automaton: x\nsummary: Large.\nevents:\n".to_owned();
    for event in 0..events {
        let _ = writeln!(text, "  e{event}: {{ from: program }}");
    }
    text.push_str("initial: S0\nstates:\n");
    for state in 0..states {
        let (mut on, mut defer) = (String::new(), String::new());
        for event in (state..events).step_by(states) {
            let _ = write!(on, "e{event}: S{}, ", (state * 7 + event / states * 13 + 1) % states);
            let _ = write!(defer, "e{}, ", (event + 1) % events);
        }
        let defer = if is_deferred { format!(", defer: [{}]", defer.trim_end_matches(", ")) } else { String::new() };
        let _ = writeln!(text, "  S{state}: {{ on: {{ {} }}{defer} }}", on.trim_end_matches(", "));
    }
    let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    Sources::new(vec![source("parts.yaml", "parts: { program: All. }\n"), source("x.yaml", &text)])
}

#[test]
fn five_hundred_states_are_looked_through_in_a_moment() {
    for is_deferred in [false, true] {
        let sources = flat(500, 3_000, is_deferred);
        let begin = Instant::now();
        let analysis = analyse(&sources);
        let took = begin.elapsed();
        assert!(analysis.system.is_some(), "{:?}", analysis.findings.first());
        // In a debug build, on a machine with other work: it was a minute in a release build.
        assert!(took < Duration::from_secs(30), "{took:?}");
        let left_out = analysis.findings.iter().find(|finding| finding.code.number == "A0222");
        assert!(left_out.is_none(), "{left_out:?}");
    }
}

#[test]
fn events_that_cause_nothing_are_not_followed() {
    let analysis = analyse(&flat(40, 120, false));
    let numbers: Vec<&str> = analysis.findings.iter().map(|finding| finding.code.number).collect();
    assert!(!numbers.contains(&"A0222"), "{numbers:?}");
}
