//! A nickname: a name that a person goes by.
//!
//! One look, one name: the text is normalised to NFC (Unicode Standard Annex 15), and characters that cannot be seen, or that
//! change how others are shown, are refused. Two names that only look alike (`alice` and `аlice`) are a matter for whoever shows them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};
use unicode_security::skeleton;

/// Characters of a nickname, at the most, after normalisation.
pub const NICKNAME_CHARACTERS: usize = 32;

/// Texts that begin so are addresses of identities, and cannot be names.
const ADDRESS_PREFIX: &str = "bitpie:";

/// A name that a person goes by: 1 to 32 visible characters, normalised.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Nickname(Arc<str>);

impl Nickname {
    /// The normalised text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is another name that looks like this one, by the skeletons of Unicode Technical Standard 39. Case is no difference to a hasty eye.
    #[must_use]
    pub fn is_confusable_with(&self, other: &Self) -> bool {
        let skeleton = |name: &Self| skeleton(&name.0.to_lowercase()).collect::<String>();
        self != other && skeleton(self) == skeleton(other)
    }
}

impl FromStr for Nickname {
    type Err = ParseNicknameError;

    fn from_str(text: &str) -> Result<Self, ParseNicknameError> {
        // One composed character stands for four at the most, so a longer text need not be looked at.
        if text.chars().take(NICKNAME_CHARACTERS * 4 + 1).count() > NICKNAME_CHARACTERS * 4 {
            return Err(ParseNicknameError::Long);
        }
        let normalised: String = text.nfc().collect();
        if normalised.chars().count() > NICKNAME_CHARACTERS {
            return Err(ParseNicknameError::Long);
        }
        if normalised.is_empty() {
            return Err(ParseNicknameError::Empty);
        }
        if let Some(hidden) = normalised.chars().find(|&character| is_hidden(character)) {
            return Err(ParseNicknameError::Hidden(hidden));
        }
        if normalised.starts_with(' ') || normalised.ends_with(' ') || normalised.contains("  ") {
            return Err(ParseNicknameError::Spaces);
        }
        if normalised.starts_with(ADDRESS_PREFIX) {
            return Err(ParseNicknameError::Address);
        }
        Ok(Self(normalised.into()))
    }
}

/// Whether a character cannot be seen, has no meaning to all, or moves others about.
fn is_hidden(character: char) -> bool {
    use GeneralCategory::{
        Control, Format, LineSeparator, ParagraphSeparator, PrivateUse, SpaceSeparator, Surrogate, Unassigned,
    };
    match character.general_category() {
        Control | Format | LineSeparator | ParagraphSeparator | PrivateUse | Surrogate | Unassigned => true,
        SpaceSeparator => character != ' ',
        _ => false,
    }
}

impl TryFrom<String> for Nickname {
    type Error = ParseNicknameError;

    fn try_from(text: String) -> Result<Self, ParseNicknameError> {
        text.parse()
    }
}

impl From<Nickname> for String {
    fn from(nickname: Nickname) -> Self {
        nickname.as_str().into()
    }
}

impl fmt::Display for Nickname {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(formatter)
    }
}

impl fmt::Debug for Nickname {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Nickname({self})")
    }
}

/// Why a text is no nickname.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseNicknameError {
    /// There is nothing.
    Empty,
    /// More than [`NICKNAME_CHARACTERS`].
    Long,
    /// A character that cannot be seen, or changes how others are shown.
    Hidden(char),
    /// Spaces at an end, or two in a row.
    Spaces,
    /// It looks like the address of an identity.
    Address,
}

impl fmt::Display for ParseNicknameError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("a nickname has at least one character"),
            Self::Long => write!(formatter, "a nickname has at most {NICKNAME_CHARACTERS} characters"),
            Self::Hidden(character) => {
                write!(formatter, "a nickname has visible characters only, and U+{:04X} is none", u32::from(*character))
            }
            Self::Spaces => formatter.write_str("a nickname has single spaces only, and none at its ends"),
            Self::Address => write!(formatter, "a nickname does not begin with `{ADDRESS_PREFIX}`: that is an address"),
        }
    }
}

impl std::error::Error for ParseNicknameError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, ParseNicknameError> {
        text.parse::<Nickname>().map(String::from)
    }

    #[test]
    fn names_of_people_are_taken() {
        for name in [
            "alice",
            "Ж",
            "Veselin Štraus",
            "日本語",
            "o'neill",
            "x".repeat(32).as_str(),
            "👩‍🚀".split('\u{200d}').next().unwrap(),
        ] {
            assert_eq!(parse(name).as_deref(), Ok(name));
        }
    }

    #[test]
    fn one_look_is_one_name() {
        assert_eq!(parse("Zoe\u{308}"), parse("Zoë"));
        assert_eq!(parse("e\u{301}".repeat(32).as_str()), Ok("é".repeat(32)));
    }

    #[test]
    fn what_cannot_be_seen_is_refused() {
        for hidden in ['\0', '\n', '\t', '\u{7f}', '\u{200b}', '\u{202e}', '\u{2028}', '\u{feff}', '\u{a0}', '\u{e000}']
        {
            assert_eq!(parse(&format!("a{hidden}b")), Err(ParseNicknameError::Hidden(hidden)), "{hidden:?}");
        }
    }

    #[test]
    fn the_rest_is_refused_with_the_reason() {
        assert_eq!(parse(""), Err(ParseNicknameError::Empty));
        assert_eq!(parse(&"x".repeat(33)), Err(ParseNicknameError::Long));
        assert_eq!(parse(&"e\u{301}".repeat(1_000_000)), Err(ParseNicknameError::Long));
        for spaces in [" a", "a ", "a  b", " "] {
            assert_eq!(parse(spaces), Err(ParseNicknameError::Spaces), "{spaces:?}");
        }
        assert_eq!(parse("bitpie:abc"), Err(ParseNicknameError::Address));
    }
}
