//! The input in a line, by the names of some definitions.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::interpreter::{Address, Value, exact_address};
use crate::model::{BaseType, EventId, Field, System, Type, TypeKind};

/// What a line hands to an instance.
#[derive(Clone, Debug)]
pub(super) struct Input {
    pub address: Address,
    pub event: EventId,
    pub fields: Vec<Value>,
}

impl Input {
    /// From a line as the recorder writes it; none if it is something else, which the replay reports: a start, a timer,
    /// or not of these definitions.
    pub fn read(system: &System, instance: &str, event: &str, fields: &str) -> Option<Self> {
        if event == "start" {
            return None;
        }
        let address = exact_address(system, instance).ok()?;
        let events = &system.automata[address.automaton].events;
        let event = EventId(events.iter().position(|declared| declared.name == event)? as u32);
        let fields = plain_fields(system, &events[event].fields, fields)?;
        Some(Self { address, event, fields })
    }
}

/// Fields as the recorder writes them, read directly without JSON values; none for what is not that simple.
pub(super) fn plain_fields(system: &System, declared: &[Field], text: &str) -> Option<Vec<Value>> {
    let mut rest = match declared {
        [] => return text.is_empty().then(Vec::new),
        _ => text.strip_prefix('{')?,
    };
    let mut fields = Vec::with_capacity(declared.len());
    for (index, field) in declared.iter().enumerate() {
        if index > 0 {
            rest = rest.strip_prefix(',')?;
        }
        rest = rest.strip_prefix('"')?.strip_prefix(field.name.as_str())?.strip_prefix("\":")?;
        let (value, after) = plain_value(system, field.r#type, rest)?;
        fields.push(value);
        rest = after;
    }
    (rest == "}").then_some(fields)
}

/// The value at the start of the text, and what comes after it.
pub(super) fn plain_value<'a>(system: &System, of: Type, text: &'a str) -> Option<(Value, &'a str)> {
    if let Some(inner) = text.strip_prefix('"') {
        let end = inner.find(['"', '\\']).filter(|&end| inner.as_bytes()[end] == b'"')?;
        let (word, after) = (&inner[..end], &inner[end + 1..]);
        let value = match of.base {
            BaseType::String => Value::String(word.into()),
            BaseType::Declared(id) => match &system.types[id].kind {
                TypeKind::Enum(variants) => Value::Variant(variants.iter().position(|name| name == word)? as u32),
                TypeKind::Opaque => Value::Opaque(Arc::new(Json::from(word))),
            },
            _ => return None,
        };
        return Some((value, after));
    }
    let end = text.find([',', '}'])?;
    let (word, after) = text.split_at(end);
    let is_number = word.bytes().all(|byte| byte.is_ascii_digit()) && (word.len() == 1 || !word.starts_with('0'));
    let value = match (of.base, word) {
        (_, "null") if of.optional => Value::None,
        (BaseType::Bool, "true") => Value::Bool(true),
        (BaseType::Bool, "false") => Value::Bool(false),
        (BaseType::Integer(_), _) if is_number => Value::Integer(word.parse::<u64>().ok()?.into()),
        (BaseType::Duration, _) if is_number => Value::Duration(word.parse().ok()?),
        _ => return None,
    };
    // The interpreter checks whether it is within the bounds of its type.
    Some((value, after))
}
