//! Variants as people read them: `WrongNetwork`, as Rust, definitions and traces have it, is `wrong_network` in the
//! API, in counters and in `docs/PROTOCOL.md`.

use serde::Serialize;

/// The name of a variant.
#[must_use]
pub fn snake_case(variant: &impl Serialize) -> String {
    let name = serde_json::to_value(variant).ok().and_then(|name| name.as_str().map(str::to_owned));
    let mut words = String::new();
    for letter in name.unwrap_or_default().chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push('_');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

/// A field that holds a variant: `#[serde(with = "crate::words::in_json")]`.
pub mod in_json {
    use serde::de::{Error as _, IntoDeserializer as _};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes `wrong_network`.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(variant: &impl Serialize, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::snake_case(variant))
    }

    /// Reads `wrong_network`.
    ///
    /// # Errors
    /// If there is no such variant.
    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        let words = String::deserialize(deserializer)?;
        if words.contains(|letter: char| letter.is_ascii_uppercase()) || words.split('_').any(str::is_empty) {
            return Err(D::Error::custom(format!("`{}` is not written as variants are", words.escape_debug())));
        }
        let capital = |word: &str| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
        };
        let name: String = words.split('_').map(capital).collect();
        T::deserialize(name.into_deserializer())
    }
}

/// The same for a variant that may be missing.
pub mod in_json_if_any {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(bound(serialize = "T: Serialize", deserialize = "T: Deserialize<'de>"))]
    struct Named<T>(#[serde(with = "super::in_json")] T);

    /// Writes `wrong_network`, or nothing.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(variant: &Option<impl Serialize>, serializer: S) -> Result<S::Ok, S::Error> {
        variant.as_ref().map(Named).serialize(serializer)
    }

    /// Reads `wrong_network`, or nothing.
    ///
    /// # Errors
    /// If there is no such variant.
    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
        Ok(Option::<Named<T>>::deserialize(deserializer)?.map(|named| named.0))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
    enum Why {
        Gone,
        WrongNetwork,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Answer {
        #[serde(with = "in_json")]
        why: Why,
        #[serde(with = "in_json_if_any")]
        before: Option<Why>,
    }

    #[test]
    fn variants_are_words_in_json_and_come_back() {
        for before in [None, Some(Why::Gone)] {
            let answer = Answer { why: Why::WrongNetwork, before };
            let json = serde_json::to_value(&answer).expect("it is JSON");
            assert_eq!(json["why"], "wrong_network");
            assert_eq!(json["before"].as_str(), before.map(|_| "gone"));
            assert_eq!(serde_json::from_value::<Answer>(json).expect("it was written so"), answer);
        }
    }

    #[test]
    fn what_is_no_variant_is_refused() {
        for why in ["", "_", "wrong", "ж", "ж_gone", "wrong_network_", "WrongNetwork"] {
            assert!(
                serde_json::from_value::<Answer>(serde_json::json!({ "why": why, "before": null })).is_err(),
                "{why}"
            );
        }
    }
}
