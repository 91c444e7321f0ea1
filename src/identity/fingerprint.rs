//! The beginning of an id that people compare, and that scripts give to say whom they mean.

use std::fmt;
use std::str::FromStr;

use super::node_id::{NODE_ID_CHARACTERS, Z_BASE_32_SYMBOLS};
use super::{IDURL_SCHEME, NodeId};

/// Characters of a fingerprint: 120 bits. To make another identity that has the same is as good as impossible.
pub const FINGERPRINT_CHARACTERS: usize = 24;

/// Characters that are shown together.
const GROUP_CHARACTERS: usize = 4;

/// Bytes of a text that is read as a fingerprint, at most.
const TEXT_BYTES: usize = 256;

/// The beginning of an id, [`FINGERPRINT_CHARACTERS`] or more. It is shown in groups of four; how somebody groups them
/// who types it in is all one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Of that node, as people compare it.
    #[must_use]
    pub fn of(id: &NodeId) -> Self {
        Self(id.to_string().chars().take(FINGERPRINT_CHARACTERS).collect())
    }

    /// Whether it is the beginning of that id.
    #[must_use]
    pub fn is_of(&self, id: &NodeId) -> bool {
        id.to_string().starts_with(&self.0)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, character) in self.0.chars().enumerate() {
            if index > 0 && index % GROUP_CHARACTERS == 0 {
                formatter.write_str(" ")?;
            }
            write!(formatter, "{character}")?;
        }
        Ok(())
    }
}

impl FromStr for Fingerprint {
    type Err = ParseFingerprintError;

    fn from_str(text: &str) -> Result<Self, ParseFingerprintError> {
        if text.len() > TEXT_BYTES {
            return Err(ParseFingerprintError::Long);
        }
        let text = text.trim();
        let text = text.strip_prefix(IDURL_SCHEME).unwrap_or(text);
        let characters: String = text.chars().filter(|character| !matches!(character, ' ' | '-')).collect();
        if let Some(foreign) = characters.chars().find(|character| !Z_BASE_32_SYMBOLS.contains(*character)) {
            return Err(ParseFingerprintError::Character(foreign));
        }
        match characters.len() {
            FINGERPRINT_CHARACTERS..=NODE_ID_CHARACTERS => Ok(Self(characters)),
            0..FINGERPRINT_CHARACTERS => Err(ParseFingerprintError::Short { characters: characters.len() }),
            _ => Err(ParseFingerprintError::Long),
        }
    }
}

/// Why a text is no fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseFingerprintError {
    /// Somebody could make an identity that begins so.
    Short {
        /// How long it is.
        characters: usize,
    },
    /// It is longer than an id.
    Long,
    /// A character that no id has.
    Character(char),
}

impl fmt::Display for ParseFingerprintError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { characters } => write!(
                formatter,
                "a fingerprint has at least {FINGERPRINT_CHARACTERS} characters of the id, as `bitpie find` shows them, and this has {characters}"
            ),
            Self::Long => write!(formatter, "an id has {NODE_ID_CHARACTERS} characters, and this is longer"),
            Self::Character(character) => write!(formatter, "`{character}` is no character of an id (z-base-32)"),
        }
    }
}

impl std::error::Error for ParseFingerprintError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_it_is_shown_or_as_people_type_it() {
        let id = NodeId::from_bytes([1; 32]);
        let shown = Fingerprint::of(&id).to_string();
        assert_eq!(shown, "yryo nyeb yryo nyeb yryo nyeb");
        let whole = id.to_string();
        let address = format!("bitpie:{id}");
        let dashes = shown.replace(' ', "-");
        for text in [&*shown, &dashes, &shown.replace(' ', ""), &whole, &address, &whole[..30]] {
            let read: Fingerprint = text.parse().expect(text);
            assert!(read.is_of(&id) && !read.is_of(&NodeId::from_bytes([2; 32])), "{text}");
        }
    }

    #[test]
    fn what_could_be_the_beginning_of_somebody_elses_id_is_none() {
        let parse = |text: &str| text.parse::<Fingerprint>().map(|read| read.to_string());
        assert_eq!(parse("yryonyeb"), Err(ParseFingerprintError::Short { characters: 8 }));
        assert_eq!(parse(""), Err(ParseFingerprintError::Short { characters: 0 }));
        assert_eq!(parse(&"y".repeat(23)), Err(ParseFingerprintError::Short { characters: 23 }));
        assert_eq!(parse(&"y".repeat(53)), Err(ParseFingerprintError::Long));
        assert_eq!(parse(&" ".repeat(100_000)), Err(ParseFingerprintError::Long));
        // Two letters that z-base-32 leaves out, and a case that ids do not have.
        for foreign in ['l', 'v', 'Y', 'é'] {
            assert_eq!(parse(&format!("{}{foreign}", "y".repeat(30))), Err(ParseFingerprintError::Character(foreign)));
        }
    }
}
