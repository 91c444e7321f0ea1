//! Values as the interpreter holds them.
//!
//! A value does not carry its type: the model knows the type of every place that holds one, and reading and writing
//! JSON takes it as an argument. Texts, bytes and opaque values are shared, so that a clone never copies them.

use std::sync::Arc;

use automata_runtime::delivery::is_json;
use automata_runtime::secret::HASH_BYTES;
use serde_json::Value as Json;

use crate::model::{self, BaseType, System, Type, TypeKind};

pub use automata_runtime::secret::SECRET;

/// A value of any type of the language.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// `none` of an optional type.
    None,
    /// `bool`.
    Bool(bool),
    /// Of any integer type, within its bounds.
    Integer(i128),
    /// Milliseconds.
    Duration(u64),
    /// `string`.
    String(Arc<str>),
    /// `bytes`.
    Bytes(Arc<[u8]>),
    /// Of an enum: index into its variants.
    Variant(u32),
    /// Of an opaque type: its own JSON, never `null`.
    Opaque(Arc<Json>),
}

impl From<&model::Value> for Value {
    fn from(constant: &model::Value) -> Self {
        match constant {
            model::Value::Bool(value) => Value::Bool(*value),
            model::Value::Integer(value) => Value::Integer(*value),
            model::Value::Duration(milliseconds) => Value::Duration(*milliseconds),
            model::Value::String(text) => Value::String(text.as_str().into()),
            model::Value::Variant(_, variant) => Value::Variant(*variant),
            model::Value::None => Value::None,
        }
    }
}

impl Value {
    /// Whether the value can be used where the type is needed.
    #[must_use]
    pub fn is_of(&self, system: &System, wanted: Type) -> bool {
        match (self, wanted.base) {
            (Value::None, _) => wanted.optional,
            (Value::Bool(_), BaseType::Bool)
            | (Value::Duration(_), BaseType::Duration)
            | (Value::String(_), BaseType::String)
            | (Value::Bytes(_), BaseType::Bytes) => true,
            (Value::Integer(value), BaseType::Integer(integer)) => {
                let (low, high) = integer.bounds();
                (low..=high).contains(value)
            }
            (Value::Variant(index), BaseType::Declared(id)) => match &system.types[id].kind {
                TypeKind::Enum(variants) => (*index as usize) < variants.len(),
                TypeKind::Opaque => false,
            },
            (Value::Opaque(json), BaseType::Declared(id)) => match system.types[id].kind {
                TypeKind::Opaque => !json.is_null(),
                TypeKind::Enum(_) => system.types[id].secret && is_stamp(json),
            },
            _ => false,
        }
    }

    /// The value at the bound of its new place that it would pass; only integers change.
    #[must_use]
    pub fn passed_to(self, place: Type) -> Self {
        match (self, place.base) {
            (Value::Integer(value), BaseType::Integer(integer)) => {
                let (low, high) = integer.bounds();
                Value::Integer(value.clamp(low, high))
            }
            (value, _) => value,
        }
    }

    /// Reads JSON as a value of the type; `None` if it is not one (see [`expected`]).
    #[must_use]
    pub fn from_json(system: &System, wanted: Type, json: &Json) -> Option<Self> {
        if json.is_null() {
            return wanted.optional.then_some(Value::None);
        }
        let value = match wanted.base {
            BaseType::Bool => Value::Bool(json.as_bool()?),
            BaseType::Integer(_) => {
                Value::Integer(json.as_u64().map(i128::from).or_else(|| json.as_i64().map(i128::from))?)
            }
            BaseType::Duration => Value::Duration(json.as_u64()?),
            BaseType::String => Value::String(json.as_str()?.into()),
            BaseType::Bytes => Value::Bytes(from_hexadecimal(json.as_str()?)?.into()),
            BaseType::Declared(id) => match &system.types[id].kind {
                TypeKind::Enum(_) if system.types[id].secret && is_stamp(json) => Value::Opaque(Arc::new(json.clone())),
                TypeKind::Enum(variants) => {
                    let name = json.as_str()?;
                    Value::Variant(variants.iter().position(|variant| variant == name)? as u32)
                }
                TypeKind::Opaque => Value::Opaque(Arc::new(json.clone())),
            },
        };
        value.is_of(system, wanted).then_some(value)
    }

    /// The value as JSON, secrets as they are.
    #[must_use]
    pub fn to_json(&self, system: &System, of: Type) -> Json {
        match self {
            Value::None => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Integer(value) => match u64::try_from(*value) {
                Ok(value) => Json::from(value),
                Err(_) => Json::from(i64::try_from(*value).unwrap_or(i64::MIN)),
            },
            Value::Duration(milliseconds) => Json::from(*milliseconds),
            Value::String(text) => Json::from(&**text),
            Value::Bytes(bytes) => Json::from(hexadecimal(bytes)),
            Value::Variant(index) => match of.base {
                BaseType::Declared(id) => match &system.types[id].kind {
                    TypeKind::Enum(variants) => Json::from(variants[*index as usize].as_str()),
                    TypeKind::Opaque => Json::from(*index),
                },
                _ => Json::from(*index),
            },
            Value::Opaque(json) => Json::clone(json),
        }
    }

    /// The value as records show it: secrets are hidden, unless a trace has hidden them already (by length and hash).
    #[must_use]
    pub fn shown(&self, system: &System, of: Type) -> Json {
        match (of.base, self) {
            (BaseType::Declared(id), Value::Opaque(json)) if system.types[id].secret && is_stamp(json) => {
                Json::clone(json)
            }
            (BaseType::Declared(id), value) if system.types[id].secret && *value != Value::None => Json::from(SECRET),
            _ => self.to_json(system, of),
        }
    }

    /// The value as written in `name[key]`: texts bare, but in quotes if they could be taken for other JSON.
    #[must_use]
    pub fn key_text(&self, system: &System, of: Type) -> String {
        match self.shown(system, of) {
            Json::String(text) if !is_json(&text) => text,
            json => json.to_string(),
        }
    }

    /// The value as people write it: texts bare.
    #[must_use]
    pub fn bare(&self, system: &System, of: Type) -> String {
        match self.shown(system, of) {
            Json::String(text) => text,
            json => json.to_string(),
        }
    }

    /// Reads the key in `name[key]`. A number or `true` is text where the type is `string`; of an opaque type it is
    /// what it would be in JSON, and text otherwise (`["5"]` is the text 5). Quotes around a text are not part of it.
    #[must_use]
    pub fn from_bare(system: &System, wanted: Type, text: &str) -> Option<Self> {
        let as_text = Json::from(text);
        // Nearly all keys are texts that are not JSON, as their first character shows.
        let json = is_json(text).then(|| serde_json::from_str::<Json>(text).ok()).flatten();
        match wanted.base {
            BaseType::String | BaseType::Bytes => {
                Self::from_json(system, wanted, &json.filter(Json::is_string).unwrap_or(as_text))
            }
            _ => json
                .and_then(|json| Self::from_json(system, wanted, &json))
                .or_else(|| Self::from_json(system, wanted, &as_text)),
        }
    }

    /// Some value of the type: the first one.
    #[must_use]
    pub fn least(system: &System, of: Type) -> Self {
        if of.optional {
            return Value::None;
        }
        match of.base {
            BaseType::Bool => Value::Bool(false),
            BaseType::Integer(integer) => Value::Integer(integer.bounds().0.max(0)),
            BaseType::Duration => Value::Duration(0),
            BaseType::String => Value::String("".into()),
            BaseType::Bytes => Value::Bytes([].into()),
            BaseType::Declared(id) => match system.types[id].kind {
                TypeKind::Enum(_) => Value::Variant(0),
                TypeKind::Opaque => Value::Opaque(Arc::new(Json::from(""))),
            },
        }
    }
}

/// Whether this represents a secret in a trace: `{"length": …, "hash": "…"}`.
#[must_use]
pub fn is_stamp(json: &Json) -> bool {
    json.as_object().is_some_and(|stamp| {
        stamp.len() == 2
            && stamp.get("length").is_some_and(Json::is_u64)
            && stamp.get("hash").and_then(Json::as_str).is_some_and(|hash| hash.len() == 2 * HASH_BYTES)
    })
}

/// The JSON that the type needs, for messages: `a whole number from 0 to 255`.
#[must_use]
pub fn expected(system: &System, wanted: Type) -> String {
    let base = match wanted.base {
        BaseType::Bool => "true or false".to_owned(),
        BaseType::Integer(integer) => {
            let (low, high) = integer.bounds();
            format!("a whole number from {low} to {high}")
        }
        BaseType::Duration => "milliseconds, a whole number from 0".to_owned(),
        BaseType::String => "a string".to_owned(),
        BaseType::Bytes => "bytes as a string of hexadecimal digits, two for each".to_owned(),
        BaseType::Declared(id) => match &system.types[id].kind {
            TypeKind::Enum(variants) => format!("one of {}", variants.join(", ")),
            TypeKind::Opaque => format!("a value of type {} (any JSON but null)", system.types[id].name),
        },
    };
    if wanted.optional { format!("{base}, or null") } else { base }
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}

fn from_hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2);
    pairs.remainder().is_empty().then(|| pairs.map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::IntegerType;

    #[test]
    fn json_of_the_wrong_type_or_out_of_bounds_is_refused() {
        let system = System::default();
        let u8_type = Type::integer(IntegerType::U8);
        assert_eq!(Value::from_json(&system, u8_type, &Json::from(255)), Some(Value::Integer(255)));
        for bad in [Json::from(256), Json::from(-1), Json::from(1.5), Json::from("1"), Json::Null] {
            assert_eq!(Value::from_json(&system, u8_type, &bad), None, "{bad}");
        }
        assert_eq!(Value::from_json(&system, Type { optional: true, ..u8_type }, &Json::Null), Some(Value::None));
    }

    #[test]
    fn bytes_are_pairs_of_hexadecimal_digits() {
        let system = System::default();
        let bytes = Type { base: BaseType::Bytes, optional: false };
        let value = Value::from_json(&system, bytes, &Json::from("00fF")).expect("two bytes");
        assert_eq!(value, Value::Bytes([0, 255].into()));
        assert_eq!(value.to_json(&system, bytes), Json::from("00ff"));
        assert_eq!(Value::from_json(&system, bytes, &Json::from("0ff")), None);
        assert_eq!(Value::from_json(&system, bytes, &Json::from("é0")), None);
    }

    #[test]
    fn what_is_passed_stays_at_the_bound_of_its_place() {
        let i8_type = Type::integer(IntegerType::I8);
        assert_eq!(Value::Integer(200).passed_to(i8_type), Value::Integer(127));
        assert_eq!(Value::Integer(-200).passed_to(i8_type), Value::Integer(-128));
        assert_eq!(Value::Bool(true).passed_to(i8_type), Value::Bool(true));
    }
}
