//! A delivery of the interpreter as the line that `automata_runtime` writes for it, byte for byte.
//!
//! A replay compares these bytes with those of the trace, so a line that agrees need not be read at all.
//! `tests/agreement` checks that the two writers agree.

use std::io::Write as _;

use automata_runtime::delivery::is_json;
use automata_runtime::record::Outcome;
use serde_json::Value as Json;

use crate::interpreter::{Asked, Delivery, Message, SECRET, Sending, Value, Who, is_stamp};
use crate::model::{Automaton, AutomatonId, BaseType, ConditionId, Event, Field, System, TimerId, Type, TypeKind};

/// Writes deliveries of one system.
#[derive(Debug)]
pub struct Writer {
    /// By automaton.
    phrases: Vec<Phrases>,
    tells_timers: bool,
}

/// The repeated parts of the lines of one automaton, built beforehand: copying them at once is faster than piece by
/// piece.
#[derive(Debug)]
struct Phrases {
    /// `,"instance":"name`.
    instance: String,
    /// `NAME"`.
    states: Vec<String>,
    /// `"event":"name"`, and its fields.
    events: Vec<Phrase>,
    /// `"event":"after name in STATE"`.
    timers: Vec<String>,
    /// `"after name in STATE":`.
    due: Vec<String>,
    /// `{"ask":"name"`, and its arguments.
    conditions: Vec<Phrase>,
    /// `{"action":"name"`, and its arguments.
    actions: Vec<Phrase>,
    /// `"name":[`.
    variables: Vec<String>,
}

/// Something with values.
#[derive(Debug)]
struct Phrase {
    /// The text before the first value.
    head: String,
    /// The text before each value.
    before: Vec<String>,
}

impl Phrase {
    fn new(head: String, key: &str, fields: &[Field]) -> Self {
        let opening = |index: usize| if index == 0 { format!(",\"{key}\":{{") } else { ",".to_owned() };
        let before = fields.iter().enumerate();
        let before = before.map(|(index, field)| format!("{}\"{}\":", opening(index), field.name)).collect();
        Self { head, before }
    }

    /// The head, and the values by their names, if it has some.
    fn write(&self, system: &System, fields: &[Field], values: &[Value], out: &mut Vec<u8>) {
        out.extend_from_slice(self.head.as_bytes());
        for ((before, field), given) in self.before.iter().zip(fields).zip(values) {
            out.extend_from_slice(before.as_bytes());
            value(system, given, field.r#type, out);
        }
        if !self.before.is_empty() {
            out.push(b'}');
        }
    }
}

impl Phrases {
    fn new(automaton: &Automaton) -> Self {
        let named = |kind: &str, name: &str, key: &str, fields: &[Field]| {
            Phrase::new(format!("{{\"{kind}\":\"{name}\""), key, fields)
        };
        let event = |event: &Event| Phrase::new(format!("\"event\":\"{}\"", event.name), "fields", &event.fields);
        let labels = || (0..automaton.timers.len() as u32).map(|id| automaton.timer_label(TimerId(id)));
        Self {
            instance: format!(",\"instance\":\"{}", automaton.name),
            states: automaton.states.iter().map(|state| format!("{}\"", state.name)).collect(),
            events: automaton.events.iter().map(event).collect(),
            timers: labels().map(|label| format!("\"event\":\"{label}\"")).collect(),
            due: labels().map(|label| format!("\"{label}\":")).collect(),
            conditions: automaton
                .conditions
                .iter()
                .map(|of| named("ask", &of.name, "arguments", &of.arguments))
                .collect(),
            actions: automaton.actions.iter().map(|of| named("action", &of.name, "arguments", &of.arguments)).collect(),
            variables: automaton.variables.iter().map(|variable| format!("\"{}\":[", variable.name)).collect(),
        }
    }
}

impl Writer {
    /// For that system.
    #[must_use]
    pub fn new(system: &System) -> Self {
        Self { phrases: system.automata.iter().map(Phrases::new).collect(), tells_timers: true }
    }

    /// For lines of traces that do not say when timers are due.
    pub(super) fn without_timers(system: &System) -> Self {
        Self { tells_timers: false, ..Self::new(system) }
    }

    /// Appends the line, without its line feed.
    pub fn write(&self, system: &System, delivery: &Delivery, out: &mut Vec<u8>) {
        let id = delivery.address.automaton;
        let (automaton, phrases) = (&system.automata[id], &self.phrases[id.index()]);
        out.extend_from_slice(b"{\"sequence\":");
        number(out, delivery.sequence);
        out.extend_from_slice(b",\"at_ms\":");
        number(out, delivery.at_ms);
        if let Some(cause) = delivery.cause {
            out.extend_from_slice(b",\"cause\":");
            number(out, cause);
        }
        out.extend_from_slice(phrases.instance.as_bytes());
        key(system, id, delivery.address.key.as_ref(), out);
        out.extend_from_slice(b"\",");
        self.message(system, id, &delivery.message, out);
        outcome(out, delivery.outcome);
        for (key, state) in [(&b",\"before\":\""[..], delivery.before), (b",\"after\":\"", delivery.after)] {
            if let Some(state) = state {
                out.extend_from_slice(key);
                out.extend_from_slice(phrases.states[state.index()].as_bytes());
            }
        }
        list(out, ",\"conditions\":[", &delivery.asked, "]", |out, (asked, answer)| {
            self.asked(system, id, asked, answer, out);
        });
        list(out, ",\"variables\":{", &delivery.changed, "}", |out, changed| {
            let variable = &automaton.variables[changed.variable];
            out.extend_from_slice(phrases.variables[changed.variable.index()].as_bytes());
            value(system, changed.before.as_ref().unwrap_or(&Value::None), variable.r#type, out);
            out.push(b',');
            value(system, &changed.after, variable.r#type, out);
            out.push(b']');
        });
        list(out, ",\"actions\":[", &delivery.actions, "]", |out, (id, arguments)| {
            phrases.actions[id.index()].write(system, &automaton.actions[*id].arguments, arguments, out);
            out.push(b'}');
        });
        list(out, ",\"sends\":[", &delivery.sends, "]", |out, sending| self.sent(system, sending, out));
        list(out, ",\"raised\":[", &delivery.raised, "]", |out, (id, fields, became)| {
            out.push(b'{');
            phrases.events[id.index()].write(system, &automaton.events[*id].fields, fields, out);
            outcome(out, *became);
            out.push(b'}');
        });
        let timers = if self.tells_timers { delivery.timers.as_slice() } else { &[] };
        list(out, ",\"timers\":{", timers, "}", |out, (id, due_ms)| {
            out.extend_from_slice(phrases.due[id.index()].as_bytes());
            number(out, *due_ms);
        });
        list(out, ",\"faults\":[", &delivery.faults, "]", |out, fault| name(out, fault.name()));
        if !delivery.violated.is_empty() {
            list(out, ",\"violated\":[", &delivery.violations(system), "]", |out, property| json(out, property));
        }
        out.push(b'}');
    }

    /// `"event":"…","fields":{…}`.
    fn message(&self, system: &System, receiver: AutomatonId, message: &Message, out: &mut Vec<u8>) {
        let (automaton, phrases) = (&system.automata[receiver], &self.phrases[receiver.index()]);
        match message {
            Message::Event { event, fields } => {
                phrases.events[event.index()].write(system, &automaton.events[*event].fields, fields, out);
            }
            Message::Timer(timer) => out.extend_from_slice(phrases.timers[timer.index()].as_bytes()),
            Message::Start { parameters } => {
                out.extend_from_slice(b"\"event\":\"start\"");
                list(out, ",\"fields\":{", parameters, "}", |out, (id, given)| {
                    let parameter = &automaton.parameters[*id];
                    name(out, &parameter.name);
                    out.push(b':');
                    value(system, given, parameter.r#type, out);
                });
            }
        }
    }

    fn sent(&self, system: &System, sending: &Sending, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"to\":");
        match &sending.who {
            Who::All => {
                out.push(b'"');
                out.extend_from_slice(system.automata[sending.to].name.as_bytes());
                out.extend_from_slice(b"[all]\"");
            }
            Who::Keyed(key) => instance(system, sending.to, Some(key), out),
            _ => instance(system, sending.to, None, out),
        }
        out.push(b',');
        self.message(system, sending.to, &sending.message, out);
        out.push(b'}');
    }

    fn asked(&self, system: &System, asking: AutomatonId, asked: &Asked, answer: &Value, out: &mut Vec<u8>) {
        let of = match asked {
            Asked::Condition(id, arguments) => {
                self.question(system, asking, *id, arguments, out);
                system.automata[asking].conditions[*id].r#type
            }
            Asked::State(who, observed, state) => {
                read_of_state(system, who, *observed, &system.automata[*observed].states[*state].name, out);
                Type::BOOL
            }
        };
        value(system, answer, of, out);
        out.push(b'}');
    }

    /// `{"ask":…,"arguments":{…},"answer":`.
    pub(super) fn question(
        &self,
        system: &System,
        asking: AutomatonId,
        condition: ConditionId,
        arguments: &[Value],
        out: &mut Vec<u8>,
    ) {
        let places = &system.automata[asking].conditions[condition].arguments;
        self.phrases[asking.index()].conditions[condition.index()].write(system, places, arguments, out);
        out.extend_from_slice(b",\"answer\":");
    }
}

/// Likewise, of `X in S`.
fn read_of_state(system: &System, who: &Who, observed: AutomatonId, state: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"ask\":");
    match who {
        Who::Keyed(key) => {
            instance(system, observed, Some(key), out);
            out.pop();
        }
        Who::Itself => out.extend_from_slice(b"\"self"),
        Who::One | Who::Any | Who::All | Who::No => {
            let quantifier = match who {
                Who::Any => "\"any ",
                Who::All => "\"all ",
                Who::No => "\"no ",
                _ => "\"",
            };
            out.extend_from_slice(quantifier.as_bytes());
            out.extend_from_slice(system.automata[observed].name.as_bytes());
        }
    }
    out.extend_from_slice(b" in ");
    out.extend_from_slice(state.as_bytes());
    out.extend_from_slice(b"\",\"answer\":");
}

fn number(out: &mut Vec<u8>, number: u64) {
    if number < 10 {
        return out.push(b'0' + number as u8);
    }
    // Digits from the last to the first: quicker than a formatter.
    let mut digits = [0; 20];
    let mut begin = digits.len();
    let mut left = number;
    loop {
        begin -= 1;
        digits[begin] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[begin..]);
}

/// A name of the language, or a constant text: nothing in it needs an escape.
fn name(out: &mut Vec<u8>, name: &str) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.push(b'"');
}

fn text(out: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        return name(out, text);
    }
    json(out, text);
}

fn json(out: &mut Vec<u8>, value: impl serde::Serialize) {
    serde_json::to_writer(out, &value).expect("JSON and texts can be written to memory");
}

fn list<T>(out: &mut Vec<u8>, open: &str, items: &[T], close: &str, mut each: impl FnMut(&mut Vec<u8>, &T)) {
    let Some((first, rest)) = items.split_first() else { return };
    out.extend_from_slice(open.as_bytes());
    each(out, first);
    for item in rest {
        out.push(b',');
        each(out, item);
    }
    out.extend_from_slice(close.as_bytes());
}

fn value(system: &System, value: &Value, of: Type, out: &mut Vec<u8>) {
    if let BaseType::Declared(id) = of.base
        && system.types[id].secret
        && !matches!(value, Value::Opaque(json) if is_stamp(json))
        && *value != Value::None
    {
        return name(out, SECRET);
    }
    match value {
        Value::None => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Integer(integer) => match u64::try_from(*integer) {
            Ok(positive) => number(out, positive),
            Err(_) => {
                out.push(b'-');
                number(out, u64::try_from(integer.unsigned_abs()).unwrap_or(u64::MAX));
            }
        },
        Value::Duration(milliseconds) => number(out, *milliseconds),
        Value::String(string) => text(out, string),
        Value::Bytes(bytes) => {
            out.push(b'"');
            let _ = bytes.iter().try_for_each(|byte| write!(out, "{byte:02x}"));
            out.push(b'"');
        }
        Value::Variant(index) => match of.base {
            BaseType::Declared(id) => match &system.types[id].kind {
                TypeKind::Enum(variants) => name(out, &variants[*index as usize]),
                TypeKind::Opaque => number(out, u64::from(*index)),
            },
            _ => number(out, u64::from(*index)),
        },
        Value::Opaque(opaque) => match &**opaque {
            Json::String(string) => text(out, string),
            opaque => json(out, opaque),
        },
    }
}

/// `"name"` or `"name[key]"`.
fn instance(system: &System, id: AutomatonId, of: Option<&Value>, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(system.automata[id].name.as_bytes());
    key(system, id, of, out);
    out.push(b'"');
}

/// `[key]`, within quotes; nothing if there is none.
fn key(system: &System, id: AutomatonId, key: Option<&Value>, out: &mut Vec<u8>) {
    let (Some(key), Some(declared)) = (key, &system.automata[id].key) else { return };
    out.push(b'[');
    match key {
        Value::Integer(_) | Value::Duration(_) | Value::Bool(_) => value(system, key, declared.r#type, out),
        _ => {
            let bare = match key {
                Value::String(string) => Some(&**string),
                Value::Opaque(opaque) => opaque.as_str(),
                _ => None,
            };
            // Within quotes already, so those that `text` writes are taken off.
            let begin = out.len();
            match bare {
                Some(bare) if !is_json(bare) => text(out, bare),
                _ => text(out, &key.key_text(system, declared.r#type)),
            }
            out.remove(begin);
            out.pop();
        }
    }
    out.push(b']');
}

fn outcome(out: &mut Vec<u8>, outcome: Outcome) {
    out.extend_from_slice(b",\"outcome\":");
    name(out, outcome.name());
}
