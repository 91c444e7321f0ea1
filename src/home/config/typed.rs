//! Kinds of settings, each with the type that its values have in the program.

use std::net::IpAddr;
use std::str::FromStr;

use automata_runtime::Milliseconds;

use super::value::{Form, Kind, Value};

/// A kind, and how its values are read.
pub struct Typed<T> {
    /// The kind.
    pub kind: Kind,
    /// Reads a value; the switch tells whether somebody has set it.
    pub read: fn(Value, bool) -> Option<T>,
}

impl<T> Typed<T> {
    /// The kind alone.
    pub fn untyped(self) -> Kind {
        self.kind
    }
}

/// A port, and whether the user has chosen it: one that was chosen and is taken is an error; a default gives way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortSetting {
    /// The port; 0 is any free one.
    pub port: u16,
    /// Whether it stands in `config.toml`.
    pub is_set: bool,
}

/// On or off.
pub const SWITCH: Typed<bool> = Typed {
    kind: Kind::Switch,
    read: |value, _| match value {
        Value::Switch(on) => Some(on),
        _ => None,
    },
};

/// A TCP or UDP port.
pub const PORT: Typed<PortSetting> =
    Typed { kind: Kind::Port, read: |value, is_set| Some(PortSetting { port: from_number(value)?, is_set }) };

/// An IP address of this machine.
pub const ADDRESS: Typed<IpAddr> = Typed { kind: Kind::Address, read: |value, _| from_text(value) };

/// A whole number.
pub const fn number<T: TryFrom<u64>>(from: u64, to: u64) -> Typed<T> {
    Typed { kind: Kind::Number { from, to }, read: |value, _| from_number(value) }
}

/// A span of time.
pub const fn duration(from_ms: u64, to_ms: u64) -> Typed<Milliseconds> {
    Typed { kind: Kind::Duration { from_ms, to_ms }, read: |value, _| from_number(value).map(Milliseconds) }
}

/// A size on disk, in bytes.
pub const fn size(from: u64, to: u64) -> Typed<u64> {
    Typed { kind: Kind::Size { from, to }, read: |value, _| from_number(value) }
}

/// One of some words.
pub const fn choice(words: &'static [&'static str]) -> Typed<String> {
    Typed { kind: Kind::Choice(words), read: |value, _| from_text(value) }
}

/// A text with a form of its own.
pub const fn text<T: FromStr>(form: Form) -> Typed<T> {
    Typed { kind: Kind::Text(form), read: |value, _| from_text(value) }
}

/// The same, or nothing.
pub const fn optional<T: FromStr>(form: Form) -> Typed<Option<T>> {
    Typed {
        kind: Kind::Text(form),
        read: |value, _| match value {
            Value::Text(text) if text.is_empty() => Some(None),
            value => from_text(value).map(Some),
        },
    }
}

/// Texts, each of that form.
pub const fn list<T: FromStr>(form: Form) -> Typed<Vec<T>> {
    Typed {
        kind: Kind::List(form),
        read: |value, _| match value {
            Value::List(texts) => texts.iter().map(|text| text.parse().ok()).collect(),
            _ => None,
        },
    }
}

fn from_number<T: TryFrom<u64>>(value: Value) -> Option<T> {
    match value {
        Value::Number(number) | Value::DurationMs(number) | Value::Size(number) => number.try_into().ok(),
        _ => None,
    }
}

fn from_text<T: FromStr>(value: Value) -> Option<T> {
    match value {
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}
