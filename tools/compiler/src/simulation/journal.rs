//! What was done in a simulation, as a script that does it again.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::Input;
use super::answers::question_text;
use crate::interpreter::{Address, Asked, Delivery, Value};
use crate::model::{AutomatonId, ConditionId, ParameterId, System, Type};

/// Writes a line of a script for each input, with the answers that it was given.
#[derive(Clone, Debug)]
pub struct Journal {
    system: Arc<System>,
    /// Answers that the lines so far give.
    known: HashMap<(AutomatonId, ConditionId, Vec<Value>), Value>,
    now_ms: u64,
}

impl Journal {
    /// Before the system's start.
    #[must_use]
    pub fn new(system: &Arc<System>) -> Self {
        Self { system: Arc::clone(system), known: HashMap::new(), now_ms: 0 }
    }

    /// Appends the line of an input and its line feed. The start of the system has one only if it asked something; time
    /// has one only if it passes, or something was due.
    pub fn input(&mut self, input: &Input, deliveries: &[Delivery], out: &mut String) {
        let mut line = self.line(input);
        if let Input::Until(at_ms) | Input::Jump(at_ms) = *input {
            if at_ms == self.now_ms && deliveries.is_empty() {
                return;
            }
            self.now_ms = at_ms;
        }
        let answers = self.answers(deliveries);
        if !answers.is_empty() {
            line.insert("conditions".to_owned(), answers.into());
        }
        if !line.is_empty() {
            out.push_str(&Json::from(line).to_string());
            out.push('\n');
        }
    }

    fn line(&self, input: &Input) -> Map<String, Json> {
        let line = match input {
            Input::Start => Json::Null,
            Input::Until(at_ms) => json!({ "at_ms": at_ms }),
            Input::Jump(at_ms) => json!({ "at_ms": at_ms, "jump": true }),
            Input::Event(to, event, fields) => {
                let event = &self.system.automata[to.automaton].events[*event];
                let places = event.fields.iter().map(|field| (field.name.as_str(), field.r#type));
                self.message(to, &event.name, places.zip(fields))
            }
            Input::StartInstance(to, given) => {
                let parameters = &self.system.automata[to.automaton].parameters;
                let place = |id: ParameterId| (parameters[id].name.as_str(), parameters[id].r#type);
                self.message(to, "start", given.iter().map(|(id, value)| (place(*id), value)))
            }
        };
        if let Json::Object(line) = line { line } else { Map::new() }
    }

    fn message<'a>(
        &self,
        to: &Address,
        event: &str,
        fields: impl Iterator<Item = ((&'a str, Type), &'a Value)>,
    ) -> Json {
        let instance = to.name(&self.system);
        let fields = fields.map(|((name, of), value)| (name.to_owned(), value.to_json(&self.system, of)));
        let fields: Map<String, Json> = fields.collect();
        match fields.is_empty() {
            true => json!({ "instance": instance, "event": event }),
            false => json!({ "instance": instance, "event": event, "fields": fields }),
        }
    }

    /// The answers that the deliveries got, without those that hold already.
    fn answers(&mut self, deliveries: &[Delivery]) -> Map<String, Json> {
        let mut answers = Map::new();
        for delivery in deliveries {
            let id = delivery.address.automaton;
            for (asked, answer) in &delivery.asked {
                let Asked::Condition(condition, arguments) = asked else { continue };
                let known = self.known.insert((id, *condition, arguments.clone()), answer.clone());
                if known.as_ref() != Some(answer) {
                    let of = self.system.automata[id].conditions[*condition].r#type;
                    let question = question_text(&self.system, id, *condition, arguments);
                    answers.insert(question, answer.to_json(&self.system, of));
                }
            }
        }
        answers
    }
}
