//! No text may make the compiler fall over: findings are rendered, and whatever is accepted is generated and run for a
//! while.
//!
//! An input is one file or several: a line `=== name.yaml` begins the next. Without such a line it is one automaton.
//! Where an input has no `types.yaml` or `parts.yaml` of its own, it gets those of the node, so that its definitions
//! are seeds as they are.

#![no_main]

mod chance;

use std::sync::Arc;

use automata_compiler::interpreter::{Address, Interpreter};
use automata_compiler::model::{AutomatonId, EventId, EventKind, ParameterId, System};
use automata_compiler::source::{Source, Sources};
use chance::Chance;
use libfuzzer_sys::fuzz_target;

/// Events that an accepted system gets.
const EVENTS: usize = 64;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let sources = sources(text);
    let analysis = automata_compiler::analyse(&sources);
    let plain = automata_compiler::render::plain(&sources, &analysis.findings);
    assert_eq!(plain.is_empty(), analysis.findings.is_empty(), "a finding that says nothing");
    let errors = analysis.findings.iter().any(|finding| finding.code.number < "A0200");
    assert_eq!(analysis.system.is_none(), errors, "no system without an error that says why");
    if let Some(system) = analysis.system {
        let generated =
            automata_compiler::rust::generate(&system, &sources, &automata_compiler::rust::Options::default());
        assert!(!generated.is_empty());
        run(Arc::new(system), data);
    }
});

fn sources(text: &str) -> Sources {
    let mut files: Vec<Source> = Vec::new();
    for line in text.split_inclusive('\n') {
        match (line.strip_prefix("=== ").map(str::trim_end), files.last_mut()) {
            (Some(name), _) => files.push(Source { path: format!("fuzz/{name}"), text: String::new() }),
            (None, Some(file)) => file.text.push_str(line),
            (None, None) => files.push(Source { path: format!("fuzz/{}.yaml", name_of(text)), text: line.to_owned() }),
        }
    }
    let shared = [
        ("types.yaml", include_str!("../../automata/types.yaml")),
        ("parts.yaml", include_str!("../../automata/parts.yaml")),
    ];
    for (name, text) in shared {
        let path = format!("fuzz/{name}");
        if files.iter().all(|file| file.path != path) {
            files.push(Source { path, text: text.to_owned() });
        }
    }
    Sources::new(files)
}

/// The file's stem has to be the automaton's name.
fn name_of(text: &str) -> &str {
    text.lines().find_map(|line| line.strip_prefix("automaton:")).map_or("fuzzed", str::trim)
}

/// Whatever can come from outside, to instances that there are or not, and time.
fn run(system: Arc<System>, data: &[u8]) {
    let mut chance = Chance::new(data);
    let mut interpreter = Interpreter::new(Arc::clone(&system));
    let mut inputs: Vec<(AutomatonId, Option<EventId>)> = Vec::new();
    for (automaton, index) in system.automata.iter().zip(0..) {
        let from_outside = automaton.events.iter().zip(0..).filter(|(event, _)| match &event.kind {
            EventKind::Declared { from, .. } => !from.is_empty(),
            EventKind::Observation { .. } => true,
        });
        inputs.extend(from_outside.map(|(_, event)| (AutomatonId(index), Some(EventId(event)))));
        inputs.push((AutomatonId(index), None));
    }
    let mut outcome = interpreter.start(&mut chance);
    for step in 0..EVENTS {
        // What is wrong with an input is told, and no reason to fall over; only a run that is spoilt ends.
        if outcome.is_err() || inputs.is_empty() {
            return;
        }
        outcome = if step % 3 == 2 {
            let now_ms = interpreter.now_ms() + chance.below(256) as u64 * 100;
            interpreter.advance(now_ms, &mut chance)
        } else {
            let (id, event) = inputs[chance.below(inputs.len())];
            let automaton = &system.automata[id];
            let key = automaton.key.as_ref().map(|key| chance.value(&system, key.r#type));
            let address = Address { automaton: id, key };
            match event {
                Some(event) => {
                    let fields = &automaton.events[event].fields;
                    let fields = fields.iter().map(|field| chance.value(&system, field.r#type)).collect();
                    interpreter.deliver(address, event, fields, &mut chance)
                }
                None => {
                    let parameters = automaton.parameters.iter().zip(0..);
                    let parameters = parameters
                        .map(|(parameter, id)| (ParameterId(id), chance.value(&system, parameter.r#type)))
                        .collect();
                    interpreter.start_instance(address, parameters, &mut chance)
                }
            }
        };
    }
}
