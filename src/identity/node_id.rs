//! The id of a node: its ed25519 public key, shown in z-base-32.
//!
//! z-base-32 because people read ids aloud and copy them by hand: its alphabet leaves out the letters that are mistaken
//! for others (<https://philzimmermann.com/docs/human-oriented-base-32-encoding.txt>). There is one text for each id
//! and one id for each text: upper case, padding and stray bits at the end are refused.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use data_encoding::{DecodeKind, Encoding, Specification};
use serde::{Deserialize, Serialize};

/// Bytes of an id: those of an ed25519 public key.
pub const NODE_ID_BYTES: usize = 32;

/// Characters of an id that are shown at least, where its beginning has to do.
pub const SHORT_ID_CHARACTERS: usize = 8;

/// Characters of an id: 256 bits, five to a character.
pub const NODE_ID_CHARACTERS: usize = 52;

/// The characters of an id, by their value.
pub(super) const Z_BASE_32_SYMBOLS: &str = "ybndrfg8ejkmcpqxot1uwisza345h769";

/// Five bits to a character.
pub(super) static Z_BASE_32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str(Z_BASE_32_SYMBOLS);
    specification.encoding().expect("32 different symbols make an encoding")
});

/// A node, by its public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NodeId([u8; NODE_ID_BYTES]);

impl NodeId {
    /// The node that has this public key.
    #[must_use]
    pub const fn from_bytes(public_key: [u8; NODE_ID_BYTES]) -> Self {
        Self(public_key)
    }

    /// The public key.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; NODE_ID_BYTES] {
        &self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Z_BASE_32.encode_display(&self.0).fmt(formatter)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "NodeId({self})")
    }
}

impl FromStr for NodeId {
    type Err = ParseNodeIdError;

    fn from_str(text: &str) -> Result<Self, ParseNodeIdError> {
        let characters = text.chars().count();
        if characters != NODE_ID_CHARACTERS {
            return Err(ParseNodeIdError::Length { characters });
        }
        let bytes = Z_BASE_32.decode(text.as_bytes()).map_err(|error| match error.kind {
            DecodeKind::Symbol => ParseNodeIdError::Character {
                found: text.char_indices().map_while(|(at, found)| (at <= error.position).then_some(found)).last(),
                position: error.position,
            },
            DecodeKind::Length | DecodeKind::Trailing | DecodeKind::Padding => ParseNodeIdError::TrailingBits,
        })?;
        let bytes = bytes.try_into().map_err(|_| ParseNodeIdError::Length { characters })?;
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for NodeId {
    type Error = ParseNodeIdError;

    fn try_from(text: String) -> Result<Self, ParseNodeIdError> {
        text.parse()
    }
}

impl From<NodeId> for String {
    fn from(id: NodeId) -> Self {
        id.to_string()
    }
}

/// Why a text is no node id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseNodeIdError {
    /// It is longer or shorter than an id.
    Length {
        /// How long it is.
        characters: usize,
    },
    /// A character is not one of z-base-32.
    Character {
        /// Which.
        found: Option<char>,
        /// How many bytes stand before it.
        position: usize,
    },
    /// The last character says more than the 256 bits of an id.
    TrailingBits,
}

impl fmt::Display for ParseNodeIdError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { characters } => {
                write!(formatter, "a node id has {NODE_ID_CHARACTERS} characters, and this has {characters}")
            }
            Self::Character { found: Some(found), position } => {
                write!(formatter, "`{found}` at position {} is no character of a node id (z-base-32)", position + 1)
            }
            Self::Character { found: None, position } => {
                write!(formatter, "position {} holds no character of a node id (z-base-32)", position + 1)
            }
            Self::TrailingBits => write!(formatter, "the last character of the node id is mistyped"),
        }
    }
}

impl std::error::Error for ParseNodeIdError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// The alphabet in order: character n stands for n.
    const ALPHABET: &str = "ybndrfg8ejkmcpqxot1uwisza345h769";

    fn counting() -> NodeId {
        NodeId::from_bytes(std::array::from_fn(|index| (index * 37 + 11) as u8))
    }

    #[test]
    fn the_vectors_of_the_paper_hold() {
        for (bytes, text) in [
            (&[0x00, 0x00, 0x00, 0x00, 0x00][..], "yyyyyyyy"),
            (&[0xff, 0xff, 0xff, 0xff, 0xff], "99999999"),
            (&[0xf0, 0xbf, 0xc7], "6n9hq"),
            (&[0xd4, 0x7a, 0x04], "4t7ye"),
        ] {
            assert_eq!(Z_BASE_32.encode(bytes), text);
        }
    }

    #[test]
    fn the_text_of_an_id_is_its_bits_five_at_a_time() {
        let id = counting();
        let text = id.to_string();
        assert_eq!(text.len(), NODE_ID_CHARACTERS);
        let bit = |index: usize| id.as_bytes().get(index / 8).map_or(0, |byte| (byte >> (7 - index % 8)) & 1);
        for (place, character) in text.chars().enumerate() {
            let value = (0..5).fold(0, |value, offset| value * 2 + bit(place * 5 + offset));
            assert_eq!(character, ALPHABET.chars().nth(value.into()).expect("5 bits"), "character {place}");
        }
    }

    #[test]
    fn an_id_survives_text_and_json() {
        let id = counting();
        assert_eq!(id.to_string().parse(), Ok(id));
        let json = serde_json::to_string(&id).expect("a string");
        assert_eq!(json, format!("\"{id}\""));
        assert_eq!(serde_json::from_str::<NodeId>(&json).expect("what was written"), id);
    }

    #[test]
    fn what_is_no_id_is_refused_with_the_reason() {
        let text = counting().to_string();
        let said = |text: &str| text.parse::<NodeId>().expect_err("no id").to_string();
        assert_eq!(said(&text[1..]), "a node id has 52 characters, and this has 51");
        assert_eq!(said(""), "a node id has 52 characters, and this has 0");
        assert_eq!(said(&format!("l{}", &text[1..])), "`l` at position 1 is no character of a node id (z-base-32)");
        assert_eq!(said(&format!("{}ж", &text[..51])), "`ж` at position 52 is no character of a node id (z-base-32)");
        assert!(said(&text.to_uppercase()).contains("is no character"));
    }

    #[test]
    fn one_id_has_one_text() {
        let mut text = "y".repeat(NODE_ID_CHARACTERS - 1);
        // The last character carries one bit of the key; the other four must be 0: only `y` (00000) and `o` (10000) do.
        for last in ALPHABET.chars() {
            text.push(last);
            match text.parse::<NodeId>() {
                Ok(id) => {
                    assert!(last == 'y' || last == 'o', "`{last}` was taken");
                    assert_eq!(id.to_string(), text);
                }
                Err(error) => {
                    assert!(last != 'y' && last != 'o', "`{last}` was refused");
                    assert_eq!(error, ParseNodeIdError::TrailingBits);
                }
            }
            text.pop();
        }
    }
}
