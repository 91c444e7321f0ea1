//! A copy of a trace that can be shown to others.
//!
//! Definitions only carry and compare texts, bytes and values of opaque types. So each can be replaced by another,
//! always by the same one, and the copy replays as the original does. Constants of the definitions stay, since guards
//! compare with them, and so do numbers, durations and secrets, which are hidden already.

use std::collections::{BTreeSet, HashMap};

use automata_runtime::trace::{FirstLine, LeftOut, LeftOutLine, SEVERAL, SecondLine};
use serde_json::Value as Json;
use std::sync::Arc;

use super::line::Writer;
use super::opening::{Opening, replaced_name, shown, snapshot};
use super::replaced::replaced;
use crate::interpreter::{Delivery, Interpreter, Value, exact_address};
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
    /// Who has caused what was left out, with their numbers in the order of appearance.
    sources: HashMap<String, usize>,
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
            sources: HashMap::new(),
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

    /// Appends the line of what was left out; the interpreter has taken it over.
    pub fn left_out(&mut self, left_out: &LeftOut, interpreter: &Interpreter, out: &mut Vec<u8>) {
        let system = Arc::clone(&self.system);
        let mut replace = |of: Type, value: &Value| self.value(of, value);
        // These names were read before, or nothing was taken over.
        let addresses = |names: Vec<&String>| -> Vec<_> {
            names.into_iter().filter_map(|name| exact_address(&system, name).ok()).collect()
        };
        let gone = addresses(left_out.gone.iter().collect());
        let gone = gone.iter().map(|address| replaced_name(&system, address, &mut replace)).collect();
        let views = addresses(left_out.instances.iter().map(|of| &of.instance).collect());
        let views = views.iter().filter_map(|address| interpreter.instance(address));
        let instances = views.map(|view| shown(&system, view, &mut replace)).collect();
        let source = self.source(&left_out.source);
        let left_out = LeftOut { source, gone, instances, ..left_out.clone() };
        out.extend(serde_json::to_vec(&LeftOutLine { left_out }).unwrap_or_default());
        out.push(b'\n');
    }

    fn source(&mut self, source: &str) -> String {
        if source.is_empty() || source == SEVERAL {
            return source.to_owned();
        }
        let next = self.sources.len() + 1;
        let number = self.sources.entry(source.to_owned()).or_insert(next);
        format!("source-{number}")
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
