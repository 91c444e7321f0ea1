//! A nickname: a name that a person goes by.
//!
//! One look, one name: the text is normalised to NFC (Unicode Standard Annex 15), and characters that cannot be seen,
//! or that change how others are shown, are refused. Two names that only look alike (`alice` and `аlice`) are a matter
//! for whoever shows them.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};
use unicode_security::skeleton;

/// Characters of a nickname, at most, after normalisation.
pub const NICKNAME_CHARACTERS: usize = 32;

/// Texts that begin so are addresses of identities, and cannot be names.
const ADDRESS_PREFIX: &str = "bitpie:";

/// What has become of the wish to be known by a nickname.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NicknameResult {
    /// It was ours already.
    Own,
    /// It is ours now.
    Registered,
    /// The slot is somebody else's, and the next one is tried.
    Exists,
    /// It is not ours; it will be tried again.
    Failed,
    /// There is none any more.
    Cleared,
}

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

    /// Whether it is another name that looks like this one, by the skeletons of Unicode Technical Standard 39. Case is
    /// no difference to a hasty eye.
    #[must_use]
    pub fn is_confusable_with(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.looks(), other.looks());
        self != other && ours.iter().any(|look| theirs.contains(look))
    }

    /// How a hasty eye sees it: names that have one of these in common look alike. Letters change their looks with their case: `I` looks like `l`, and `i` does not; so it
    /// counts before the case is taken away, and after.
    #[must_use]
    pub fn looks(&self) -> [String; 2] {
        let as_written = skeleton(&self.0).collect::<String>().to_lowercase();
        [as_written, skeleton(&self.0.to_lowercase()).collect()]
    }
}

impl FromStr for Nickname {
    type Err = ParseNicknameError;

    fn from_str(text: &str) -> Result<Self, ParseNicknameError> {
        // One composed character stands for four at most, so a longer text need not be looked at.
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

/// Characters that are not shown unless they are supported, the property `Default_Ignorable_Code_Point`, as in
/// `DerivedCoreProperties.txt` of Unicode 14.0 (4174 of them). Many are letters or marks by their general category, so
/// that this does not tell: the fillers of Hangul (U+115F, U+3164), the variation selectors (U+FE0F).
const IGNORABLE: &[RangeInclusive<char>] = &[
    '\u{ad}'..='\u{ad}',
    '\u{34f}'..='\u{34f}',
    '\u{61c}'..='\u{61c}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{200b}'..='\u{200f}',
    '\u{202a}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{3164}'..='\u{3164}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fff8}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e0fff}',
];

/// The pattern of Braille without a dot: a symbol by its category, and as empty as a space.
const BLANK_BRAILLE: char = '\u{2800}';

/// Whether a character cannot be seen, has no meaning to all, or moves others about.
fn is_hidden(character: char) -> bool {
    use GeneralCategory::{
        Control, Format, LineSeparator, ParagraphSeparator, PrivateUse, SpaceSeparator, Surrogate, Unassigned,
    };
    if character == BLANK_BRAILLE || IGNORABLE.iter().any(|range| range.contains(&character)) {
        return true;
    }
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
    fn what_is_shown_as_nothing_is_refused_whatever_its_category_says() {
        for hidden in ['\u{3164}', '\u{115f}', '\u{ffa0}', '\u{fe0f}', '\u{34f}', '\u{17b4}', '\u{e01ef}', '\u{2800}'] {
            assert_eq!(parse(&format!("a{hidden}b")), Err(ParseNicknameError::Hidden(hidden)), "{hidden:?}");
            assert_eq!(parse(&hidden.to_string()), Err(ParseNicknameError::Hidden(hidden)), "{hidden:?}");
        }
        let count: usize = IGNORABLE.iter().map(|range| range.clone().count()).sum();
        assert_eq!(count, 4174, "as many as Unicode says");
        assert!(IGNORABLE.windows(2).all(|pair| pair[0].end() < pair[1].start()));
        // Their neighbours are letters and signs like others.
        for shown in ["ㅣ", "ᅡ", "ា", "￡", "⠁"] {
            assert_eq!(parse(shown).as_deref(), Ok(shown));
        }
    }

    #[test]
    fn names_that_look_alike_are_told() {
        let name = |text: &str| text.parse::<Nickname>().expect("a nickname");
        for (one, other) in [
            ("alice", "аlice"),
            ("Alice", "alice"),
            // A capital I in the place of an l, with the case of the rest as it is, and changed.
            ("Alice", "AIice"),
            ("Alice", "aIice"),
            ("alice", "ALICE"),
            ("paypal", "раураl"),
            ("modern", "modem"),
            ("Il", "lI"),
        ] {
            assert!(name(one).is_confusable_with(&name(other)), "{one} {other}");
            assert!(name(other).is_confusable_with(&name(one)), "{other} {one}");
        }
        for (one, other) in
            [("alice", "alice"), ("alice", "bob"), ("alice", "aliçe"), ("anna", "hanna"), ("日本", "日木")]
        {
            assert!(!name(one).is_confusable_with(&name(other)), "{one} {other}");
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
