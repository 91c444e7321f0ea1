//! SCION loads every document, and in what SCXML can carry it does what the interpreter does.

use std::sync::Arc;

use automata_compiler::model::{Automaton, AutomatonId, EventKind, ExpressionKind, Response, TimerKind};
use automata_compiler::simulation::run_script;
use automata_outputs::scxml;
use serde_json::{Map, Value, json};

use super::support::Definitions;
use super::{definitions, driven, support};

#[test]
#[ignore = "needs SCION: cargo xtask interop formats"]
fn scion_loads_every_document() {
    let mut tasks = Map::new();
    for (index, definitions) in definitions().iter().enumerate() {
        for (id, automaton) in definitions.system.automata.iter().enumerate() {
            let document = scxml::automaton(&definitions.system, &definitions.sources, AutomatonId(id as u32));
            let task = json!({ "document": document, "functions": functions(automaton), "steps": [] });
            tasks.insert(format!("{} {index}", automaton.name), task);
        }
    }
    assert!(tasks.len() > 45, "{} documents", tasks.len());
    for (name, answer) in driven("scion.cjs", &Value::Object(tasks.clone())) {
        assert!(
            answer.get("error").is_none(),
            "SCION refuses {name}: {}\n{}",
            answer["error"],
            tasks[&name]["document"]
        );
        assert_eq!(answer["states"][0].as_array().map(Vec::len), Some(1), "{name} is in one state: {answer}");
    }
}

/// Conditions, as the document calls them: the names in these definitions are none of ECMAScript's.
fn functions(automaton: &Automaton) -> Vec<&str> {
    automaton.conditions.iter().map(|condition| condition.name.as_str()).collect()
}

/// Whether all of it can be carried: one automaton with one instance, which keeps no event and looks at no other.
fn is_carried(definitions: &Definitions) -> bool {
    let [automaton] = definitions.system.automata.as_slice() else { return false };
    let defers = automaton
        .states
        .iter()
        .flat_map(|state| &state.handlers)
        .any(|handler| matches!(handler.response, Response::Defer { .. }));
    let observes = automaton.events.iter().any(|event| matches!(event.kind, EventKind::Observation { .. }));
    let looks = automaton
        .expressions()
        .any(|expression| expression.contains(|part| matches!(part.kind, ExpressionKind::InState { .. })));
    automaton.key.is_none() && !defers && !observes && !looks
}

#[test]
#[ignore = "needs SCION: cargo xtask interop formats"]
fn scion_does_what_the_interpreter_does() {
    let cases = support::workspace().join("tests/cases/accept");
    let (mut tasks, mut expected) = (Map::new(), Vec::new());
    for definitions in definitions().into_iter().filter(is_carried) {
        let Ok(script) = std::fs::read_to_string(cases.join(&definitions.name).join("script.jsonl")) else { continue };
        let lines: Vec<&str> =
            script.lines().filter(|line| !line.trim().is_empty() && !line.trim().starts_with('#')).collect();
        let document = scxml::automaton(&definitions.system, &definitions.sources, AutomatonId(0));
        let system = Arc::new(definitions.system);
        let mut steps = Vec::new();
        let mut states = Vec::new();
        let mut actions = Vec::new();
        let mut is_normal = true;
        for (number, line) in lines.iter().enumerate() {
            let line: Value = serde_json::from_str(line).expect("a script is JSON Lines");
            is_normal &= line.get("jump").is_none() && line["event"] != "start";
            steps.push(json!({ "at_ms": line.get("at_ms"), "event": line.get("event"), "data": line.get("fields"),
                "answers": line.get("conditions") }));
            let mut records = Vec::new();
            run_script(Arc::clone(&system), &lines[..=number].join("\n"), |record| records.push(record))
                .expect("the script of a case can be run");
            is_normal &= records.iter().all(|record| {
                record.faults.is_empty()
                    && record.after.is_some()
                    && record.outcome != automata_runtime::Outcome::Started
                    || record.sequence == 0
            });
            states.push(records.last().and_then(|record| record.after.clone()).unwrap_or_default());
            actions = records
                .iter()
                .flat_map(|record| &record.actions)
                .map(|performed| (format!("action {}", performed.action), Value::Object(performed.arguments.clone())))
                .collect::<Vec<_>>();
        }
        if is_normal {
            let task = json!({ "document": document, "functions": functions(&system.automata[0]), "steps": steps });
            tasks.insert(definitions.name.clone(), task);
            // What of several timers is due at one moment comes in another order: the head of the document says so.
            let automaton = &system.automata[0];
            let is_ordered =
                automaton.timers.len() < 2 || automaton.timers.iter().all(|timer| timer.kind == TimerKind::After);
            expected.push((definitions.name, states, actions, is_ordered));
        }
    }
    assert!(expected.len() >= 8, "so few can be compared: {:?}", tasks.keys());
    let answers = driven("scion.cjs", &Value::Object(tasks.clone()));
    for (name, states, mut actions, is_ordered) in expected {
        let answer = &answers[&name];
        assert!(answer.get("error").is_none(), "SCION refuses {name}: {}", answer["error"]);
        let text = tasks[&name]["document"].as_str().unwrap_or_default();
        for (step, state) in states.iter().enumerate() {
            let state = if state.is_empty() { "root" } else { state };
            let after = &answer["states"][step + 1];
            assert_eq!(after, &json!([state]), "{name}, after line {}: {answer}\n{text}", step + 1);
        }
        let mut logged: Vec<(String, Value)> = answer["logs"]
            .as_array()
            .expect("a list")
            .iter()
            .flat_map(|step| step.as_array().cloned().unwrap_or_default())
            .filter(|entry| entry[0].as_str().is_some_and(|label| label.starts_with("action ")))
            .map(|entry| {
                let carried = if entry[1].is_null() { json!({}) } else { entry[1].clone() };
                (entry[0].as_str().unwrap_or_default().to_owned(), carried)
            })
            .collect();
        if !is_ordered {
            for list in [&mut logged, &mut actions] {
                list.sort_by_key(|(action, carried)| format!("{action} {carried}"));
            }
        }
        assert_eq!(logged, actions, "what {name} does:\n{text}");
    }
}
