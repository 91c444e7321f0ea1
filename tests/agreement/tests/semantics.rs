//! Runs the script of every accept case on both implementations, and compares the records with those that were worked out from
//! `docs/SEMANTICS.md`.
//!
//! `script.jsonl` says in comments why the outcome is what it is. `UPDATE_EXPECT=1` writes `expected.jsonl` anew: then look at each line
//! that changed, with the text of the semantics beside it.

use std::fs;
use std::sync::Arc;

use agreement::sources::Definitions;
use agreement::{definitions, generated, system};
use automata_compiler::interpreter::{Address, ConditionAsked, Interpreter, Value};
use automata_compiler::model::{ConditionId, System};
use automata_compiler::simulation::{Answers, run_script};
use automata_runtime::Record;
use automata_runtime::dynamic::Dynamic;
use serde_json::{Map, Value as Json};

/// All cases with a script, and the script.
fn scripts() -> Vec<(Definitions, String)> {
    let with_script = |definitions: Definitions| {
        let script = fs::read_to_string(definitions.folder.join("script.jsonl")).ok()?;
        Some((definitions, script))
    };
    let scripts: Vec<_> = definitions().into_iter().filter_map(with_script).collect();
    assert!(scripts.len() > 20, "only {} scripts were found", scripts.len());
    scripts
}

fn expect(definitions: &Definitions, records: &[Record]) {
    let line = |record: &Record| serde_json::to_string(record).expect("records are JSON") + "\n";
    let lines: String = records.iter().map(line).collect();
    expect_test::expect_file![definitions.folder.join("expected.jsonl")].assert_eq(&lines);
}

#[test]
fn the_interpreter_does_what_the_semantics_say() {
    for (definitions, script) in scripts() {
        let mut records = Vec::new();
        if let Err(error) = run_script(system(&definitions), &script, |record| records.push(record)) {
            panic!("{}: {error}", definitions.name);
        }
        expect(&definitions, &records);
    }
}

#[test]
fn generated_rust_does_what_the_semantics_say() {
    for (definitions, script) in scripts() {
        let mut running = Scripted::new(&definitions);
        let lines = script.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        for line in lines {
            running.line(&serde_json::from_str(line).expect("the interpreter's test has read it"));
        }
        expect(&definitions, &running.dynamic.take_records());
    }
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
    fn new(definitions: &Definitions) -> Self {
        let system = system(definitions);
        Self {
            dynamic: generated::run(&definitions.name).expect("build.rs compiles all definitions"),
            names: Interpreter::new(Arc::clone(&system)),
            system,
            answers: Answers::default(),
            now_ms: None,
        }
    }

    fn line(&mut self, line: &Map<String, Json>) {
        for (question, answer) in line.get("conditions").and_then(Json::as_object).into_iter().flatten() {
            self.answers.set(&self.system, question, answer).expect("the interpreter's test has read it");
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
