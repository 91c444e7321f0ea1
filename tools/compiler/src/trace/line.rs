//! A delivery of the interpreter as the line that `automata_runtime` writes of the same, octet for octet.
//!
//! A replay holds these octets against those of the trace, so that a line which agrees needs not be read at all. That the two writers agree is held by
//! `tests/agreement`.

use std::io::Write as _;

use automata_runtime::delivery::is_json;
use automata_runtime::record::Outcome;
use serde_json::Value as Json;

use crate::interpreter::{Address, Asked, Delivery, Message, SECRET, Sending, Value, Who, is_stamp};
use crate::model::{Automaton, AutomatonId, BaseType, Condition, Field, System, TimerId, Type, TypeKind};

/// Writes deliveries of one system.
#[derive(Debug)]
pub struct Writer {
    /// By automaton, then timer.
    timers: Vec<Vec<String>>,
}

impl Writer {
    /// For that system.
    #[must_use]
    pub fn new(system: &System) -> Self {
        let labels = |automaton: &Automaton| {
            (0..automaton.timers.len() as u32).map(|id| automaton.timer_label(TimerId(id))).collect()
        };
        Self { timers: system.automata.iter().map(labels).collect() }
    }

    /// Appends the line, without its line feed.
    pub fn write(&self, system: &System, delivery: &Delivery, out: &mut Vec<u8>) {
        let id = delivery.address.automaton;
        let automaton = &system.automata[id];
        out.extend_from_slice(b"{\"sequence\":");
        number(out, delivery.sequence);
        out.extend_from_slice(b",\"at_ms\":");
        number(out, delivery.at_ms);
        if let Some(cause) = delivery.cause {
            out.extend_from_slice(b",\"cause\":");
            number(out, cause);
        }
        out.extend_from_slice(b",\"instance\":");
        address(system, &delivery.address, out);
        out.push(b',');
        self.message(system, id, &delivery.message, out);
        outcome(out, delivery.outcome);
        for (key, state) in [(&b",\"before\":\""[..], delivery.before), (b",\"after\":\"", delivery.after)] {
            if let Some(state) = state {
                out.extend_from_slice(key);
                out.extend_from_slice(automaton.states[state].name.as_bytes());
                out.push(b'"');
            }
        }
        list(out, ",\"conditions\":[", &delivery.asked, "]", |out, (asked, answer)| {
            self.asked(system, automaton, asked, answer, out);
        });
        list(out, ",\"variables\":{", &delivery.changed, "}", |out, changed| {
            let variable = &automaton.variables[changed.variable];
            name(out, &variable.name);
            out.extend_from_slice(b":[");
            value(system, changed.before.as_ref().unwrap_or(&Value::None), variable.r#type, out);
            out.push(b',');
            value(system, &changed.after, variable.r#type, out);
            out.push(b']');
        });
        list(out, ",\"actions\":[", &delivery.actions, "]", |out, (id, arguments)| {
            let action = &automaton.actions[*id];
            out.extend_from_slice(b"{\"action\":");
            name(out, &action.name);
            values(system, "arguments", &action.arguments, arguments, out);
            out.push(b'}');
        });
        list(out, ",\"sends\":[", &delivery.sends, "]", |out, sending| self.sent(system, sending, out));
        list(out, ",\"raised\":[", &delivery.raised, "]", |out, (id, fields, became)| {
            let event = &automaton.events[*id];
            out.extend_from_slice(b"{\"event\":");
            name(out, &event.name);
            values(system, "fields", &event.fields, fields, out);
            outcome(out, *became);
            out.push(b'}');
        });
        list(out, ",\"faults\":[", &delivery.faults, "]", |out, fault| name(out, fault.name()));
        out.push(b'}');
    }

    /// `"event":"…","fields":{…}`.
    fn message(&self, system: &System, receiver: AutomatonId, message: &Message, out: &mut Vec<u8>) {
        let automaton = &system.automata[receiver];
        out.extend_from_slice(b"\"event\":");
        match message {
            Message::Event { event, fields } => {
                let event = &automaton.events[*event];
                name(out, &event.name);
                values(system, "fields", &event.fields, fields, out);
            }
            Message::Timer(timer) => name(out, &self.timers[receiver.index()][timer.index()]),
            Message::Start { parameters } => {
                name(out, "start");
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

    fn asked(&self, system: &System, automaton: &Automaton, asked: &Asked, answer: &Value, out: &mut Vec<u8>) {
        let of = match asked {
            Asked::Condition(id, arguments) => {
                let condition = &automaton.conditions[*id];
                question(system, condition, arguments, out);
                condition.r#type
            }
            Asked::State(who, observed, state) => {
                read_of_state(system, who, *observed, &system.automata[*observed].states[*state].name, out);
                Type::BOOL
            }
        };
        value(system, answer, of, out);
        out.push(b'}');
    }
}

/// `{"ask":…,"arguments":{…},"answer":`.
pub(super) fn question(system: &System, condition: &Condition, arguments: &[Value], out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"ask\":");
    name(out, &condition.name);
    values(system, "arguments", &condition.arguments, arguments, out);
    out.extend_from_slice(b",\"answer\":");
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

/// A name of the language, or a text of ours: nothing in it needs an escape.
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

/// `,"fields":{…}`, nothing if there are none.
fn values(system: &System, key: &str, fields: &[Field], values: &[Value], out: &mut Vec<u8>) {
    let mut separator = b'{';
    for (field, given) in fields.iter().zip(values) {
        if separator == b'{' {
            out.push(b',');
            name(out, key);
            out.push(b':');
        }
        out.push(separator);
        name(out, &field.name);
        out.push(b':');
        value(system, given, field.r#type, out);
        separator = b',';
    }
    if separator == b',' {
        out.push(b'}');
    }
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
        Value::Bytes(octets) => {
            out.push(b'"');
            let _ = octets.iter().try_for_each(|octet| write!(out, "{octet:02x}"));
            out.push(b'"');
        }
        Value::Variant(index) => match of.base {
            BaseType::Declared(id) => match &system.types[id].kind {
                TypeKind::Enum(variants) => name(out, &variants[*index as usize]),
                TypeKind::Opaque { .. } => number(out, u64::from(*index)),
            },
            _ => number(out, u64::from(*index)),
        },
        Value::Opaque(opaque) => match &**opaque {
            Json::String(string) => text(out, string),
            opaque => json(out, opaque),
        },
    }
}

fn address(system: &System, address: &Address, out: &mut Vec<u8>) {
    instance(system, address.automaton, address.key.as_ref(), out);
}

/// `"name"` or `"name[key]"`.
fn instance(system: &System, id: AutomatonId, key: Option<&Value>, out: &mut Vec<u8>) {
    let automaton = &system.automata[id];
    out.push(b'"');
    out.extend_from_slice(automaton.name.as_bytes());
    let (Some(key), Some(declared)) = (key, &automaton.key) else { return out.push(b'"') };
    out.push(b'[');
    match key {
        Value::Integer(_) | Value::Duration(_) | Value::Bool(_) => value(system, key, declared.r#type, out),
        _ => {
            let bare = match key {
                Value::String(string) => Some(&**string),
                Value::Opaque(opaque) => opaque.as_str(),
                _ => None,
            };
            // Within quotes of its own already, so those that `text` writes are taken off.
            let begin = out.len();
            match bare {
                Some(bare) if !is_json(bare) => text(out, bare),
                _ => text(out, &key.key_text(system, declared.r#type)),
            }
            out.remove(begin);
            out.pop();
        }
    }
    out.extend_from_slice(b"]\"");
}

fn outcome(out: &mut Vec<u8>, outcome: Outcome) {
    out.extend_from_slice(b",\"outcome\":");
    name(out, outcome.name());
}
