//! What the page works out of a trace is what the interpreter did: random runs of all definitions of this repository,
//! their transitions and entered states delivery by delivery, and their instances at the end.
//!
//! The interpreter knows which transitions it performed, a trace does not say it, and `assets/follow.js` finds out.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use automata_compiler::interpreter::{Address, ConditionAsked, Delivery, Host, Interpreter, Value};
use automata_compiler::model::{AutomatonId, BaseType, EventKind, ParameterId, System, Type, TypeKind};
use automata_compiler::source::{Source, Sources};
use automata_compiler::trace::{Writer, snapshot};
use serde_json::{Value as Json, json};

/// Inputs of one run.
const INPUTS: usize = 400;

/// Deliveries of one run, at most: some definitions never come to rest.
const DELIVERIES: usize = 4000;

/// Numbers that look like chance, always the same.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }

    /// Some value of the type, of few, so that they meet.
    fn value(&mut self, system: &System, of: Type) -> Value {
        if of.optional && self.below(3) == 0 {
            return Value::None;
        }
        let json = match of.base {
            BaseType::Bool => json!(self.below(2) == 1),
            BaseType::Integer(integer) => {
                let (low, high) = integer.bounds();
                let most = if high > i128::from(u32::MAX) { 1 << 40 } else { high };
                let value = [0, 1, 2, 3, 4, 5, 10, 100, low.max(-(1 << 40)), most][self.below(10)];
                json!(value.clamp(low, high) as i64)
            }
            BaseType::Duration => json!([0, 1, 500, 1000, 5000, 60_000][self.below(6)]),
            BaseType::String => json!(["", "a", "b", "7", "true"][self.below(5)]),
            BaseType::Bytes => json!(["", "00", "00ff"][self.below(3)]),
            BaseType::Declared(id) => match &system.types[id].kind {
                TypeKind::Enum(variants) => json!(variants[self.below(variants.len())]),
                TypeKind::Opaque => json!(["alice", "bob"][self.below(2)]),
            },
        };
        Value::from_json(system, of, &json).expect("it is of that type")
    }
}

/// Answers by chance, and keeps the deliveries.
struct Recorder {
    chance: Chance,
    deliveries: Vec<Delivery>,
}

impl Host for Recorder {
    fn answer(&mut self, asked: &ConditionAsked<'_>) -> Option<Value> {
        let of = asked.system.automata[asked.address.automaton].conditions[asked.condition].r#type;
        Some(self.chance.value(asked.system, of))
    }

    fn delivered(&mut self, _: &System, delivery: &Delivery) {
        self.deliveries.push(delivery.clone());
    }
}

/// One random input; nothing if it is refused, as a late one at the end of time is.
fn input(interpreter: &mut Interpreter, host: &mut Recorder, chance: &mut Chance) {
    let system = Arc::clone(interpreter.system());
    if chance.below(4) == 0 {
        let next = interpreter.next_deadline_ms().unwrap_or(0).min(1 << 45);
        let late = [0, 0, 1, 2500][chance.below(4)];
        let at_ms = (next + late).max(interpreter.now_ms());
        let _ = interpreter.advance(at_ms, host);
        return;
    }
    let automaton = AutomatonId(chance.below(system.automata.len()) as u32);
    let declared = &system.automata[automaton];
    let key = declared.key.as_ref().map(|key| chance.value(&system, key.r#type));
    let existing: Vec<Address> =
        interpreter.instances().map(|view| view.address()).filter(|address| address.automaton == automaton).collect();
    let address = match existing.get(chance.below(existing.len() + 1)) {
        Some(address) => address.clone(),
        None => Address { automaton, key },
    };
    let from_outside: Vec<u32> = (0..declared.events.len() as u32)
        .filter(|&id| match &declared.events[id as usize].kind {
            EventKind::Declared { from, .. } => !from.is_empty(),
            EventKind::Observation { .. } => false,
        })
        .collect();
    if from_outside.is_empty() || (declared.key.is_some() && existing.len() < 3 && chance.below(3) == 0) {
        let given = declared.parameters.iter().zip(0..);
        let given = given.map(|(parameter, id)| (ParameterId(id), chance.value(&system, parameter.r#type))).collect();
        let _ = interpreter.start_instance(address, given, host);
        return;
    }
    let event = automata_compiler::model::EventId(from_outside[chance.below(from_outside.len())]);
    let fields = declared.events[event].fields.iter().map(|field| chance.value(&system, field.r#type)).collect();
    let _ = interpreter.deliver(address, event, fields, host);
}

/// The definitions; a case of the language that has no types or parts of its own has those that all cases share.
fn sources(folder: &Path) -> Sources {
    let own = automata_compiler::read_folder(folder).expect("the folder can be read");
    if !folder.ends_with(Path::new("accept").join(folder.file_name().unwrap_or_default())) {
        return own;
    }
    let shared = automata_compiler::read_folder(&repository().join("tests/cases/shared")).expect("likewise");
    let file = |source: &Source| source.path.rsplit('/').next().map(str::to_owned);
    let mut files: Vec<Source> = own.iter().map(|(_, source)| source.clone()).collect();
    let more = shared.iter().map(|(_, source)| source).filter(|more| files.iter().all(|one| file(one) != file(more)));
    let more: Vec<Source> = more.cloned().collect();
    files.extend(more);
    Sources::new(files)
}

/// A run: definitions, lines, what was performed, and the instances at the end.
fn run(folder: &Path, seed: u64) -> Option<Json> {
    let sources = sources(folder);
    let system = Arc::new(automata_compiler::analyse(&sources).system?);
    if system.automata.is_empty() {
        return None;
    }
    let mut interpreter = Interpreter::new(Arc::clone(&system));
    let mut chance = Chance(seed);
    let mut host = Recorder { chance: Chance(seed ^ 0x9e37_79b9_7f4a_7c15), deliveries: Vec::new() };
    interpreter.start(&mut host).expect("everything is answered");
    for _ in 0..INPUTS {
        if host.deliveries.len() > DELIVERIES {
            break;
        }
        input(&mut interpreter, &mut host, &mut chance);
    }
    let writer = Writer::new(&system);
    let line = |delivery: &Delivery| {
        let mut bytes = Vec::new();
        writer.write(&system, delivery, &mut bytes);
        serde_json::from_slice::<Json>(&bytes).expect("a line is JSON")
    };
    let did = |delivery: &Delivery| {
        let cases: Vec<u32> = delivery.cases.iter().map(|case| case.0).collect();
        let entered: Vec<u32> = delivery.entered.iter().map(|state| state.0).collect();
        json!({ "transitions": cases, "entered": entered })
    };
    let at_end = snapshot(&interpreter, true, &mut |of, value| value_shown(&system, of, value));
    // By its text: a `Json` has no room for the bounds of an `u64`.
    let definitions = serde_json::to_string(&automata_web::definitions(&system, &sources)).expect("it is JSON");
    let definitions: Json = serde_json::from_str(&definitions).expect("that was JSON");
    Some(json!({
        "folder": folder.display().to_string(),
        "definitions": definitions,
        "lines": host.deliveries.iter().map(line).collect::<Vec<_>>(),
        "did": host.deliveries.iter().map(did).collect::<Vec<_>>(),
        "snapshot": at_end,
    }))
}

/// Secrets as records hide them.
fn value_shown(system: &System, of: Type, value: &Value) -> Value {
    match value.shown(system, of) {
        Json::String(text) if text == automata_compiler::interpreter::SECRET => {
            Value::Opaque(Arc::new(Json::from(text)))
        }
        _ => value.clone(),
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn folders() -> Vec<PathBuf> {
    let root = repository();
    let mut folders =
        vec![root.join("automata"), root.join("examples/elevator/automata"), root.join("examples/raft/automata")];
    let cases = std::fs::read_dir(root.join("tests/cases/accept")).expect("the cases are there");
    folders.extend(cases.map(|entry| entry.expect("it can be read").path()).filter(|path| path.is_dir()));
    folders.sort();
    folders
}

#[test]
fn the_page_finds_out_what_the_interpreter_did() {
    if !Command::new("node").arg("--version").output().is_ok_and(|output| output.status.success()) {
        println!("left out: there is no Node.js here");
        return;
    }
    let runs: Vec<Json> = folders().iter().zip(1..).filter_map(|(folder, seed)| run(folder, seed * 7919)).collect();
    assert!(runs.len() > 40, "only {} folders could be run", runs.len());
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("runs.json");
    std::fs::write(&file, serde_json::to_vec(&runs).expect("it is JSON")).expect("the folder for temporary files");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/following.mjs");
    let output = Command::new("node").arg(script).arg(&file).output().expect("it was there a moment ago");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    println!("{said}");
}
