//! A copy of a trace that can be shown to others.
//!
//! Definitions only carry and compare texts, bytes and values of opaque types. So each can be replaced by another,
//! always by the same one, and the copy replays as the original does. Constants of the definitions stay, since guards
//! compare with them, and so do numbers, durations and secrets, which are hidden already.

use std::collections::{BTreeSet, HashMap};

use automata_runtime::trace::{FirstLine, SecondLine};
use serde_json::Value as Json;
use std::sync::Arc;

use super::line::Writer;
use super::opening::{Opening, snapshot};
use super::replaced::replaced;
use crate::interpreter::{Delivery, Interpreter, Value};
use crate::model::{self, BaseType, ExpressionKind, System, Type};

/// Replaces values, each always by the same.
#[derive(Debug)]
pub struct Anonymiser {
    system: Arc<System>,
    writer: Writer,
    /// Texts of the definitions.
    constants: BTreeSet<String>,
    /// The id of the node that recorded.
    node: Value,
    replaced: HashMap<(BaseType, Value), Value>,
    /// Replacements so far, by type.
    counts: HashMap<BaseType, u64>,
}

impl Anonymiser {
    /// For traces of these definitions.
    #[must_use]
    pub fn new(system: &Arc<System>, opening: &Opening) -> Self {
        Self {
            system: Arc::clone(system),
            writer: Writer::new(system),
            constants: constants(system),
            node: Value::Opaque(Arc::new(Json::from(opening.first.header.node.as_str()))),
            replaced: HashMap::new(),
            counts: HashMap::new(),
        }
    }

    /// Appends the first two lines; the interpreter is in the situation of the snapshot.
    pub fn opening(&mut self, opening: &Opening, interpreter: &Interpreter, out: &mut Vec<u8>) {
        let system = Arc::clone(&self.system);
        let mut first: FirstLine = opening.first.clone();
        first.header.started_unix_ms = 0;
        // The lines are written by the definitions, and these know when timers are due.
        first.timers = true;
        for text in [(&mut first.header.network, "network"), (&mut first.header.node, "node-0")] {
            if !text.0.is_empty() {
                *text.0 = text.1.to_owned();
            }
        }
        for (automaton, parameters) in &mut first.settings {
            let Some(id) = system.automaton(automaton) else { continue };
            for (name, json) in parameters.as_object_mut().into_iter().flatten() {
                let declared = system.automata[id].parameters.iter().find(|declared| declared.name == *name);
                if let Some(of) = declared.map(|declared| declared.r#type)
                    && let Some(value) = Value::from_json(&system, of, json)
                {
                    *json = self.value(of, &value).shown(&system, of);
                }
            }
        }
        let snapshot = snapshot(interpreter, opening.snapshot.started, &mut |of, value| self.value(of, value));
        for line in [serde_json::to_vec(&first), serde_json::to_vec(&SecondLine { snapshot })] {
            out.extend(line.unwrap_or_default());
            out.push(b'\n');
        }
    }

    /// Appends the line of a delivery.
    pub fn delivery(&mut self, delivery: &Delivery, out: &mut Vec<u8>) {
        let system = Arc::clone(&self.system);
        let replaced = replaced(&system, delivery, &mut |of, value| self.value(of, value));
        self.writer.write(&self.system, &replaced, out);
        out.push(b'\n');
    }

    fn value(&mut self, of: Type, value: &Value) -> Value {
        let name = match (value, of.base) {
            (Value::String(text), _) if !self.constants.contains(&**text) => "text",
            (Value::Bytes(bytes), _) if !std::str::from_utf8(bytes).is_ok_and(|text| self.constants.contains(text)) => {
                ""
            }
            (Value::Opaque(_), BaseType::Declared(id)) if !self.system.types[id].secret => &self.system.types[id].name,
            _ => return value.clone(),
        };
        if *value == self.node {
            return Value::Opaque(Arc::new(Json::from(format!("{name}-0"))));
        }
        let place = (of.base, value.clone());
        if let Some(known) = self.replaced.get(&place) {
            return known.clone();
        }
        let count = self.counts.entry(of.base).or_insert(0);
        let replacement = loop {
            *count += 1;
            let text = format!("{name}-{count}");
            match value {
                // Eight bytes equal a constant by accident at most once in 2^64; such a value is skipped.
                Value::Bytes(_) => {
                    let bytes = count.to_be_bytes();
                    if !std::str::from_utf8(&bytes).is_ok_and(|text| self.constants.contains(text)) {
                        break Value::Bytes(bytes.into());
                    }
                }
                Value::String(_) if !self.constants.contains(&text) => break Value::String(text.into()),
                Value::String(_) => {}
                _ => break Value::Opaque(Arc::new(Json::from(text))),
            }
        };
        self.replaced.insert(place, replacement.clone());
        replacement
    }
}

/// Texts in the definitions.
fn constants(system: &System) -> BTreeSet<String> {
    let mut constants = BTreeSet::new();
    let mut add = |value: &model::Value| {
        if let model::Value::String(text) = value {
            constants.insert(text.clone());
        }
    };
    for automaton in &system.automata {
        for expression in automaton.expressions() {
            expression.visit(&mut |inner| {
                if let ExpressionKind::Literal(value) = &inner.kind {
                    add(value);
                }
            });
        }
        automaton.variables.iter().for_each(|variable| add(&variable.initial));
        automaton.parameters.iter().filter_map(|parameter| parameter.default.as_ref()).for_each(&mut add);
    }
    constants
}
