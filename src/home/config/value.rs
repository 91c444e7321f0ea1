//! Values of settings: how they are read, from a command line and from TOML, and how they are shown.

use std::fmt;
use std::net::IpAddr;

use serde::{Serialize, Serializer};

/// Entries of a list, at most.
const LIST_ENTRIES: usize = 64;

/// What a setting may be.
#[derive(Clone, Copy)]
pub enum Kind {
    /// On or off.
    Switch,
    /// A TCP or UDP port; 0 takes any free one.
    Port,
    /// A whole number.
    Number {
        /// The least.
        from: u64,
        /// The largest.
        to: u64,
    },
    /// A span of time.
    Duration {
        /// The shortest, in milliseconds.
        from_ms: u64,
        /// The longest, in milliseconds.
        to_ms: u64,
    },
    /// A size on disk.
    Size {
        /// The smallest, in bytes.
        from: u64,
        /// The largest, in bytes.
        to: u64,
    },
    /// An IP address of this machine.
    Address,
    /// One of some words.
    Choice(&'static [&'static str]),
    /// A text with a form of its own.
    Text(Form),
    /// Texts, each of that form.
    List(Form),
}

/// The form of a text.
#[derive(Clone, Copy)]
pub struct Form {
    /// What it is, after "expected".
    pub expected: &'static str,
    /// Whether a text has it.
    pub fits: fn(&str) -> bool,
}

impl Form {
    /// Whatever can be read as a `T`.
    pub const fn of<T: std::str::FromStr>(expected: &'static str) -> Self {
        Self { expected, fits: |text| text.parse::<T>().is_ok() }
    }
}

/// The value of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// On or off.
    Switch(bool),
    /// A number or a port.
    Number(u64),
    /// A span of time, in milliseconds.
    DurationMs(u64),
    /// A size, in bytes.
    Size(u64),
    /// A text, a choice, an address.
    Text(String),
    /// Texts.
    List(Vec<String>),
}

impl Kind {
    /// What is expected, in words.
    #[must_use]
    pub fn expected(&self) -> String {
        match self {
            Self::Switch => "true or false".to_owned(),
            Self::Port => "a port from 0 to 65535 (0 takes any free one)".to_owned(),
            Self::Number { from, to } => format!("a whole number from {from} to {to}"),
            Self::Duration { from_ms, to_ms } => {
                let shown = |ms: &u64| Value::DurationMs(*ms);
                format!("a time like \"90s\", \"12h\" or \"7d\", from {} to {}", shown(from_ms), shown(to_ms))
            }
            Self::Size { from, to } => {
                format!("a size like \"512KiB\" or \"16MiB\", from {} to {}", Value::Size(*from), Value::Size(*to))
            }
            Self::Address => {
                "an IP address of this machine, like \"0.0.0.0\" (all of IPv4) or \"::\" (IPv6 too)".to_owned()
            }
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Text(form) => form.expected.to_owned(),
            Self::List(form) => format!("a list, at most {LIST_ENTRIES}, each {}", form.expected),
        }
    }

    /// A value from the command line. Lists are separated by spaces or commas.
    #[must_use]
    pub fn parse(&self, text: &str) -> Option<Value> {
        let value = match self {
            Self::Switch => match text {
                "true" | "on" | "yes" => Value::Switch(true),
                "false" | "off" | "no" => Value::Switch(false),
                _ => return None,
            },
            Self::Port | Self::Number { .. } => Value::Number(text.parse().ok()?),
            Self::Duration { .. } => Value::DurationMs(in_units(text, DURATION_UNITS)?),
            Self::Size { .. } => Value::Size(in_units(text, SIZE_UNITS)?),
            Self::Address | Self::Choice(_) | Self::Text(_) => Value::Text(text.to_owned()),
            Self::List(_) => {
                let entries = text.split([' ', ',', '\n']).filter(|entry| !entry.is_empty());
                Value::List(entries.map(str::to_owned).collect())
            }
        };
        self.holds(&value).then_some(value)
    }

    /// A value from `config.toml`.
    #[must_use]
    pub fn read(&self, value: &toml_edit::Value) -> Option<Value> {
        use toml_edit::Value as Toml;
        let value = match (self, value) {
            (Self::Switch, Toml::Boolean(on)) => Value::Switch(*on.value()),
            (Self::Port | Self::Number { .. }, Toml::Integer(number)) => {
                Value::Number(u64::try_from(*number.value()).ok()?)
            }
            (Self::Duration { .. }, Toml::String(text)) => Value::DurationMs(in_units(text.value(), DURATION_UNITS)?),
            (Self::Size { .. }, Toml::String(text)) => Value::Size(in_units(text.value(), SIZE_UNITS)?),
            (Self::Address | Self::Choice(_) | Self::Text(_), Toml::String(text)) => Value::Text(text.value().clone()),
            (Self::List(_), Toml::Array(entries)) => {
                let texts = entries.iter().map(|entry| entry.as_str().map(str::to_owned));
                Value::List(texts.collect::<Option<_>>()?)
            }
            _ => return None,
        };
        self.holds(&value).then_some(value)
    }

    /// Whether a value is within the bounds.
    fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Switch, Value::Switch(_)) => true,
            (Self::Port, Value::Number(port)) => *port <= u64::from(u16::MAX),
            (Self::Number { from, to }, Value::Number(number)) => (from..=to).contains(&number),
            (Self::Duration { from_ms, to_ms }, Value::DurationMs(ms)) => (from_ms..=to_ms).contains(&ms),
            (Self::Size { from, to }, Value::Size(bytes)) => (from..=to).contains(&bytes),
            (Self::Address, Value::Text(text)) => text.parse::<IpAddr>().is_ok(),
            (Self::Choice(words), Value::Text(text)) => words.contains(&text.as_str()),
            (Self::Text(form), Value::Text(text)) => (form.fits)(text),
            (Self::List(form), Value::List(texts)) => {
                texts.len() <= LIST_ENTRIES && texts.iter().all(|text| (form.fits)(text))
            }
            _ => false,
        }
    }
}

impl Value {
    /// The value as it is written in `config.toml`.
    #[must_use]
    pub fn to_toml(&self) -> toml_edit::Value {
        match self {
            Self::Switch(on) => (*on).into(),
            Self::Number(number) => i64::try_from(*number).unwrap_or(i64::MAX).into(),
            Self::DurationMs(_) | Self::Size(_) => self.to_string().into(),
            Self::Text(text) => text.as_str().into(),
            Self::List(texts) => texts.iter().map(String::as_str).collect::<toml_edit::Array>().into(),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch(on) => on.fmt(formatter),
            Self::Number(number) => number.fmt(formatter),
            Self::DurationMs(ms) => formatter.write_str(&with_unit(*ms, DURATION_UNITS)),
            Self::Size(bytes) => formatter.write_str(&with_unit(*bytes, SIZE_UNITS)),
            Self::Text(text) => text.fmt(formatter),
            Self::List(texts) => formatter.write_str(&texts.join(" ")),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Switch(on) => on.serialize(serializer),
            Self::Number(number) => number.serialize(serializer),
            Self::List(texts) => texts.serialize(serializer),
            Self::DurationMs(_) | Self::Size(_) | Self::Text(_) => serializer.collect_str(self),
        }
    }
}

/// From the smallest to the largest.
const DURATION_UNITS: &[(&str, u64)] = &[("ms", 1), ("s", 1_000), ("min", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

const SIZE_UNITS: &[(&str, u64)] = &[("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

fn in_units(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

/// With the largest unit in which it is a whole number.
fn with_unit(value: u64, units: &[(&str, u64)]) -> String {
    let unit = units.iter().rev().find(|(_, factor)| value != 0 && value.is_multiple_of(*factor)).unwrap_or(&units[0]);
    format!("{}{}", value / unit.1, unit.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_read_and_shown_in_units() {
        let times = Kind::Duration { from_ms: 1, to_ms: u64::MAX };
        for (text, ms) in [("500ms", 500), ("90s", 90_000), ("5min", 300_000), ("12h", 43_200_000), ("7d", 604_800_000)]
        {
            assert_eq!(times.parse(text), Some(Value::DurationMs(ms)));
            assert_eq!(Value::DurationMs(ms).to_string(), text);
        }
        assert_eq!(times.parse("7 d"), Some(Value::DurationMs(604_800_000)));
        for wrong in ["", "7", "d", "-7d", "7w", "7.5d", "0s", "99999999999999999999d", "999999999999999999d"] {
            assert_eq!(times.parse(wrong), None, "{wrong}");
        }
        let sizes = Kind::Size { from: 1024, to: 1 << 40 };
        assert_eq!(sizes.parse("16MiB"), Some(Value::Size(16 << 20)));
        assert_eq!(Value::Size(1536).to_string(), "1536B");
        assert_eq!(sizes.parse("1023B"), None);
    }

    #[test]
    fn values_have_bounds() {
        assert_eq!(Kind::Port.parse("65535"), Some(Value::Number(65_535)));
        assert_eq!(Kind::Port.parse("65536"), None);
        assert_eq!(Kind::Number { from: 1, to: 5 }.parse("0"), None);
        assert_eq!(Kind::Address.parse("localhost"), None);
        assert_eq!(Kind::Address.parse("::1"), Some(Value::Text("::1".into())));
        assert_eq!(Kind::Choice(&["text", "json"]).parse("xml"), None);
        assert_eq!(Kind::Switch.parse("off"), Some(Value::Switch(false)));
        let digits = Form { expected: "digits", fits: |text| text.bytes().all(|byte| byte.is_ascii_digit()) };
        assert_eq!(Kind::List(digits).parse("1, 2 3"), Some(Value::List(vec!["1".into(), "2".into(), "3".into()])));
        assert_eq!(Kind::List(digits).parse("1 x"), None);
        assert_eq!(Kind::List(digits).parse(&"1 ".repeat(LIST_ENTRIES + 1)), None);
    }
}
