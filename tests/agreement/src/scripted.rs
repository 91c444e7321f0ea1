//! Scripts (`script.jsonl`), run on either implementation.

use std::sync::Arc;

use automata_compiler::interpreter::{Address, ConditionAsked, Interpreter, Value};
use automata_compiler::model::{ConditionId, System};
use automata_compiler::simulation::{Answers, run_script};
use automata_runtime::Record;
use automata_runtime::dynamic::Dynamic;
use serde_json::{Map, Value as Json};

use crate::generated;

/// What the interpreter records.
///
/// # Panics
/// If the script cannot be run.
#[must_use]
pub fn on_interpreter(system: &Arc<System>, script: &str) -> Vec<Record> {
    let mut records = Vec::new();
    let outcome = run_script(Arc::clone(system), script, |record| records.push(record));
    outcome.unwrap_or_else(|error| panic!("{error} of this script:\n{script}"));
    records
}

/// What the generated Rust of those definitions records. Whether the script is one is for the interpreter to say, which
/// has the better words.
///
/// # Panics
/// If the script cannot be run.
#[must_use]
pub fn on_generated(definitions: &str, system: &Arc<System>, script: &str) -> Vec<Record> {
    let mut running = Scripted::new(definitions, system);
    let lines = script.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    for line in lines {
        running.line(&serde_json::from_str(line).expect("the interpreter has read it"));
    }
    running.dynamic.take_records()
}

/// The generated system of a case, driven by a script.
struct Scripted {
    dynamic: Box<dyn Dynamic>,
    system: Arc<System>,
    /// Only reads names.
    names: Interpreter,
    answers: Answers,
    now_ms: Option<u64>,
}

impl Scripted {
    fn new(definitions: &str, system: &Arc<System>) -> Self {
        Self {
            dynamic: generated::run(definitions).expect("build.rs compiles all definitions"),
            names: Interpreter::new(Arc::clone(system)),
            system: Arc::clone(system),
            answers: Answers::default(),
            now_ms: None,
        }
    }

    fn line(&mut self, line: &Map<String, Json>) {
        for (question, answer) in line.get("conditions").and_then(Json::as_object).into_iter().flatten() {
            self.answers.set(&self.system, question, answer).expect("the interpreter has read it");
        }
        let Self { dynamic, system, names, answers, now_ms } = self;
        let mut answer = |instance: &str, condition: &str, arguments: &Map<String, Json>| {
            let address = names.address(instance).expect("an instance's name");
            answered(system, answers, &address, condition, arguments)
        };
        let now_ms = now_ms.get_or_insert_with(|| {
            dynamic.start(0, &mut answer);
            0
        });
        if let Some(at_ms) = line.get("at_ms").and_then(Json::as_u64) {
            let jumps = line.get("jump") == Some(&Json::from(true));
            while let Some(deadline_ms) = dynamic.deadline().filter(|deadline_ms| !jumps && *deadline_ms <= at_ms) {
                dynamic.advance(deadline_ms, &mut answer);
            }
            dynamic.advance(at_ms, &mut answer);
            *now_ms = at_ms;
        }
        let text = |key: &str| line.get(key).and_then(Json::as_str);
        if let (Some(instance), Some(event)) = (text("instance"), text("event")) {
            let fields = line.get("fields").and_then(Json::as_object).cloned().unwrap_or_default();
            let outcome = dynamic.handle(*now_ms, instance, event, &fields, &mut answer);
            outcome.unwrap_or_else(|error| panic!("{event} for {instance}: {error}"));
        }
    }
}

fn answered(
    system: &System,
    answers: &Answers,
    address: &Address,
    condition: &str,
    arguments: &Map<String, Json>,
) -> Json {
    let conditions = &system.automata[address.automaton].conditions;
    let index = conditions.iter().position(|declared| declared.name == condition).expect("a condition");
    let declared = &conditions[index];
    let read = |place: &automata_compiler::model::Field| {
        Value::from_json(system, place.r#type, &arguments[&place.name]).expect("of the argument's type")
    };
    let arguments: Vec<Value> = declared.arguments.iter().map(read).collect();
    let asked = ConditionAsked { system, address, condition: ConditionId(index as u32), arguments: &arguments };
    let answer = answers.find(&asked).expect("every condition is answered");
    answer.to_json(system, declared.r#type)
}
