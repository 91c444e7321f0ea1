//! Keys that JSON from outside gives twice. The parser keeps the last value and drops the others silently, so this is
//! looked for beforehand.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// What is wrong, if some object in the text has a key twice. A text that is not JSON is left to the parser.
pub(crate) fn repeated_key(text: &str) -> Option<String> {
    let error = serde_json::from_str::<Unique>(text).err().filter(serde_json::Error::is_data)?;
    Some(with_column(&error))
}

/// The text of an error, for a JSON that is one line of a file: the column without the line.
pub(crate) fn with_column(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let text = text.strip_suffix(&place).unwrap_or(&text);
    format!("{text}, at column {}", error.column())
}

/// Any JSON in which no object has a key twice.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Look)
    }
}

struct Look;

impl<'de> Visitor<'de> for Look {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_str<E>(self, _: &str) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Unique, A::Error> {
        while items.next_element::<Unique>()?.is_some() {}
        Ok(Unique)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Unique, A::Error> {
        let mut keys = BTreeSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if keys.contains(&key) {
                return Err(A::Error::custom(format_args!("the key `{}` is given twice", key.escape_debug())));
            }
            keys.insert(key);
            entries.next_value::<Unique>()?;
        }
        Ok(Unique)
    }
}

#[cfg(test)]
mod tests {
    use super::repeated_key;

    #[test]
    fn a_key_that_is_given_twice_is_found_at_any_depth() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"b":[{"a":1,"a":{}}]}"#, r#"{"b":{"\u0061":1,"a":2}}"#, r#"{"a":null,"a""#]
        {
            let said = repeated_key(text).unwrap_or_else(|| panic!("{text}"));
            assert!(said.starts_with("the key `a` is given twice, at column "), "{said}");
        }
    }

    #[test]
    fn in_other_objects_a_key_may_come_again_and_other_faults_are_left_to_the_parser() {
        for text in [r#"[{"a":1},{"a":"x"}]"#, r#"{"a":{"a":1.5,"b":-1}}"#, "true", "{", "", r#"{"a":1,}"#] {
            assert_eq!(repeated_key(text), None, "{text}");
        }
    }
}
