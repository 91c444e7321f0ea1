//! Short forms mean what their long forms mean, and the model has things in the order that it promises.

use automata_compiler::model::{EventKind, Reaction, Response, System, TimerKind};
use automata_compiler::source::{Source, Sources};
use automata_compiler::{analyse, render};

const HEAD: &str = "automaton: door
summary: It opens and closes.
parameters:
  pause: { type: duration, default: 1s, summary: Some time. }
  beat: { type: duration, default: 1s, summary: Some time. }
variables:
  count: { type: u8, initial: 0 }
events:
  opened: { from: node }
  closed: { from: node }
  moved: { from: node }
actions:
  ring: { by: node }
initial: A
";

fn system(door: &str) -> System {
    let file = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    let parts = "parts: { node: The program itself. }";
    let gate = "automaton: gate\nsummary: It is looked at.\ninitial: IN\nstates: { IN: {}, OUT: {} }\n";
    let sources = Sources::new(vec![file("parts.yaml", parts), file("gate.yaml", gate), file("door.yaml", door)]);
    let analysis = analyse(&sources);
    analysis.system.unwrap_or_else(|| panic!("{door}\n{}", render::plain(&sources, &analysis.findings)))
}

/// The model without its places.
fn meaning(states: &str) -> String {
    let text = format!("{:?}", system(&format!("{HEAD}{states}")));
    let mut pieces = text.split("Span {");
    let mut meaning = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        meaning.push_str(piece.split_once('}').expect("places end").1);
    }
    meaning
}

#[test]
fn short_forms_mean_what_the_long_ones_mean() {
    let same = [
        ("states: { A: { on: { opened: B } }, B: {} }", "states: { A: { on: { opened: { to: B } } }, B: {} }"),
        ("states: { A: { on: { opened: B } }, B: {} }", "states: { A: { on: { opened: [B] } }, B: {} }"),
        ("states: { A: { on: { opened: B } }, B: {} }", "states: { A: { on: { opened: [{ to: B }] } }, B: {} }"),
        ("states: { A: { after: { pause: B } }, B: {} }", "states: { A: { after: { pause: [{ to: B }] } }, B: {} }"),
        ("states: { A: { always: B }, B: {} }", "states: { A: { always: [{ to: B }] }, B: {} }"),
        ("states: { A: { entry: ring } }", "states: { A: { entry: [ring] } }"),
        ("states: { A: { entry: ring } }", "states: { A: { entry: { do: [ring] } } }"),
        ("states: { A: { exit: [ring, ring] } }", "states: { A: { exit: { do: [ring, ring] } } }"),
        ("states: { A: { entry: { set: count = 1 } } }", "states: { A: { entry: { set: [count = 1] } } }"),
        ("states: { A: { entry: { set: count += 1 } } }", "states: { A: { entry: { set: count = count + 1 } } }"),
        ("states: { A: { defer: opened } }", "states: { A: { defer: [opened] } }"),
        ("states: { A: { defer: opened } }", "states: { A: { defer: { opened: 16 } } }"),
        ("states: { A: { ignore: opened } }", "states: { A: { ignore: [opened] } }"),
        ("states: { A: {}, B: final }", "states: { A: {}, B: { final: true } }"),
        ("states: { A: { on: { opened: stay } } }", "states: { A: { on: { opened: { to: stay } } } }"),
        (
            "states:\n  A:\n    on:\n      opened, closed: B\n  B: {}",
            "states: { A: { on: { opened: B, closed: B } }, B: {} }",
        ),
        ("states: { A: { ignore: { opened: why } } }", "states: { A: { \"ignore\": { 'opened': \"why\" } } }"),
    ];
    for (short, long) in same {
        assert_eq!(meaning(short), meaning(long), "{short}\n{long}");
    }
}

#[test]
fn what_is_said_in_other_words_means_something_else() {
    let plain = meaning("states: { A: { on: { opened: B } }, B: {} }");
    for other in [
        "states: { A: { on: { opened: A } }, B: {} }",
        "states: { A: { on: { closed: B } }, B: {} }",
        "states: { A: { on: { opened: { to: B, do: ring } } }, B: {} }",
        "states: { A: { after: { pause: B } }, B: {} }",
    ] {
        assert_ne!(plain, meaning(other), "{other}");
    }
}

#[test]
fn things_are_in_the_order_that_the_model_promises() {
    let system = system(&format!(
        "{HEAD}states:
  A:
    ignore: {{ moved: because, gate enters OUT: because }}
    defer: [closed]
    every: {{ pause: B }}
    after: {{ beat: B }}
    on:
      gate leaves IN: B
      opened: [{{ if: count > 1, to: B }}, {{ to: A }}]
    initial: C
    states:
      C: {{ on: {{ gate enters OUT: stay }} }}
  B: {{ on: {{ gate leaves OUT: stay }} }}
"
    ));
    let door = &system.automata[system.automaton("door").expect("it is there")];
    let names: Vec<&str> = door.events.iter().map(|event| event.name.as_str()).collect();
    let observed = ["gate leaves IN", "gate enters OUT", "gate leaves OUT"];
    assert_eq!(names, ["opened", "closed", "moved", observed[0], observed[1], observed[2]]);
    assert!(door.events[3..].iter().all(|event| matches!(event.kind, EventKind::Observation { .. })));
    let a = &door.states[door.state("A").expect("it is there")];
    let said: Vec<String> = a
        .handlers
        .iter()
        .map(|handler| {
            let what = match handler.response {
                Response::Cases(_) => "on",
                Response::Defer { .. } => "defer",
                Response::Ignore { .. } => "ignore",
            };
            format!("{what} {}", door.events[handler.event].name)
        })
        .collect();
    assert_eq!(said, ["on gate leaves IN", "on opened", "defer closed", "ignore moved", "ignore gate enters OUT"]);
    let kinds: Vec<TimerKind> = a.timers.iter().map(|&timer| door.timers[timer].kind).collect();
    assert_eq!(kinds, [TimerKind::After, TimerKind::Every]);
    assert!(door.timers[0].kind == TimerKind::Every, "timers are numbered in the order of the file");
    assert!(door.transitions.is_sorted_by_key(|transition| transition.span));
    for handler in &a.handlers {
        let Response::Cases(cases) = &handler.response else { continue };
        assert!(cases.iter().all(|&case| handler.span.start < door.transitions[case].span.end));
        assert!(cases.is_sorted_by_key(|&case| door.transitions[case].span));
    }
    let states: Vec<&str> = door.states.iter().map(|state| state.name.as_str()).collect();
    assert_eq!(states, ["", "A", "C", "B"]);
    assert!(
        door.transitions.iter().any(|transition| matches!(transition.reaction, Reaction::Internal { stay: Some(_) }))
    );
}
