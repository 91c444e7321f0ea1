//! The form of names: which one each kind has, what it becomes in Rust, and which words cannot be names.

use crate::keywords::{KEYS_OF_THE_LANGUAGE, WORDS_OF_EXPRESSIONS};

/// The form that a kind of name has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convention {
    /// Automata, events, actions, conditions, parameters, variables, fields, keys, parts, properties.
    SnakeCase,
    /// States.
    UpperSnake,
    /// Types and variants.
    UpperCamel,
}

/// What a name is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// After `automaton`.
    Automaton,
    /// In `parts.yaml`.
    Part,
    /// Under `keys`.
    Key,
    /// Under `types`.
    Type,
    /// Of an enum.
    Variant,
    /// Under `parameters`.
    Parameter,
    /// Under `variables`.
    Variable,
    /// Under `conditions`.
    Condition,
    /// Under `events`.
    Event,
    /// Of an event.
    Field,
    /// Of an action or a condition.
    Argument,
    /// Under `actions`.
    Action,
    /// Under `properties`.
    Property,
    /// Under `states`.
    State,
}

impl Kind {
    /// The form of such names.
    #[must_use]
    pub const fn convention(self) -> Convention {
        match self {
            Self::State => Convention::UpperSnake,
            Self::Type | Self::Variant => Convention::UpperCamel,
            _ => Convention::SnakeCase,
        }
    }

    /// In findings, with its article.
    #[must_use]
    pub const fn what(self) -> &'static str {
        match self {
            Self::Automaton => "an automaton",
            Self::Part => "a part",
            Self::Key => "a key",
            Self::Type => "a type",
            Self::Variant => "a variant",
            Self::Parameter => "a parameter",
            Self::Variable => "a variable",
            Self::Condition => "a condition",
            Self::Event => "an event",
            Self::Field => "a field",
            Self::Argument => "an argument",
            Self::Action => "an action",
            Self::Property => "a property",
            Self::State => "a state",
        }
    }

    /// Why it cannot have that name, if the name means something already: "a key of the language". Fields and arguments
    /// may have any name, and events nearly any: where they are named, nothing else can be.
    #[must_use]
    pub fn reserved(self, name: &str) -> Option<&'static str> {
        match self {
            Self::Field | Self::Argument => None,
            Self::Event => reserved_for_events(name),
            _ => reserved(name),
        }
    }

    /// Whether it may have that name.
    #[must_use]
    pub fn allows(self, name: &str) -> bool {
        self.convention().fits(name) && self.reserved(name).is_none()
    }

    /// The name to propose for one of the wrong form. `others` are all names of the same place.
    ///
    /// # Errors
    /// What to do without one.
    pub fn proposal(self, written: &str, others: &[&str]) -> Result<String, String> {
        let convention = self.convention();
        let choose = |why: String| Err(format!("{why}choose another name: {}", convention.form()));
        let Some(proposal) = convention.apply(written) else { return Err(convention.form().to_owned()) };
        if let Some(reason) = self.reserved(&proposal) {
            return choose(format!("`{proposal}` is {reason}; "));
        }
        if others.contains(&proposal.as_str()) {
            return choose(format!("`{proposal}` is there already; "));
        }
        let becomes_the_same =
            |other: &&&str| **other != written && convention.apply(other).as_ref() == Some(&proposal);
        match others.iter().find(becomes_the_same) {
            Some(other) => choose(format!("`{other}` would be `{proposal}` too; ")),
            None => Ok(proposal),
        }
    }
}

/// Characters in a name, at most.
pub const NAME_LENGTH_LIMIT: usize = 100;

impl Convention {
    /// Whether the name has this form. Only ASCII letters, digits and `_`, since it becomes a name in Rust and in file
    /// paths.
    #[must_use]
    pub fn fits(self, name: &str) -> bool {
        if name.len() > NAME_LENGTH_LIMIT {
            return false;
        }
        let words = |letter: fn(&u8) -> bool| {
            name.as_bytes().first().is_some_and(letter)
                && name
                    .split('_')
                    .all(|word| !word.is_empty() && word.bytes().all(|c| letter(&c) || c.is_ascii_digit()))
        };
        match self {
            Self::SnakeCase => words(u8::is_ascii_lowercase),
            Self::UpperSnake => words(u8::is_ascii_uppercase),
            Self::UpperCamel => {
                name.as_bytes().first().is_some_and(u8::is_ascii_uppercase)
                    && name.bytes().all(|c| c.is_ascii_alphanumeric())
            }
        }
    }

    /// Its name in findings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SnakeCase => "snake_case",
            Self::UpperSnake => "UPPER_SNAKE",
            Self::UpperCamel => "UpperCamel",
        }
    }

    /// What such a name is made of.
    #[must_use]
    pub const fn form(self) -> &'static str {
        match self {
            Self::SnakeCase => "small letters, digits, and `_` between words, such as `door_opened`",
            Self::UpperSnake => "capital letters, digits, and `_` between words, such as `HALF_OPEN`",
            Self::UpperCamel => "letters and digits, each word with a capital letter, such as `TimedOut`",
        }
    }

    /// The name converted to this form, if possible.
    #[must_use]
    pub fn apply(self, name: &str) -> Option<String> {
        if !name.is_ascii() {
            return None;
        }
        let words = words(name);
        let proposal = match self {
            Self::SnakeCase => words.join("_").to_ascii_lowercase(),
            Self::UpperSnake => words.join("_").to_ascii_uppercase(),
            Self::UpperCamel => upper_camel(&words.join("_")),
        };
        self.fits(&proposal).then_some(proposal)
    }
}

/// `AT_STARTUP` and `at_startup` become `AtStartup`.
#[must_use]
pub fn upper_camel(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    for word in name.split('_') {
        let mut characters = word.chars();
        camel.extend(characters.next().map(|c| c.to_ascii_uppercase()));
        camel.extend(characters.map(|c| c.to_ascii_lowercase()));
    }
    camel
}

/// The words of a name in whatever form: split at everything that is neither letter nor digit, and before capitals.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_small = false;
    for c in name.chars().take(NAME_LENGTH_LIMIT + 1) {
        if !c.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && after_small) {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric() {
            words.last_mut().expect("there is always a word").push(c);
        }
        after_small = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Why an event cannot have that name. Where events are named, nothing else can be, so only two words are taken.
#[must_use]
pub fn reserved_for_events(written: &str) -> Option<&'static str> {
    match written {
        "others" => Some("the word of `ignore` for all events that nobody answers"),
        "start" => Some("the name of an instance's start in records and scripts"),
        _ => None,
    }
}

/// Why a name is not allowed, if it already means something in the language: "a key of the language". Fields and
/// arguments may have any name, and events nearly any ([`reserved_for_events`]).
#[must_use]
pub fn reserved(written: &str) -> Option<&'static str> {
    if KEYS_OF_THE_LANGUAGE.contains(&written) {
        Some("a key of the language")
    } else if WORDS_OF_EXPRESSIONS.contains(&written) {
        Some("a word of the language")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_told_from_the_others() {
        use Convention::{SnakeCase, UpperCamel, UpperSnake};
        for (name, form) in [("at_startup", SnakeCase), ("AT_STARTUP", UpperSnake), ("AtStartup", UpperCamel)] {
            for convention in [SnakeCase, UpperSnake, UpperCamel] {
                assert_eq!(convention.fits(name), convention == form, "{name} as {}", convention.name());
                assert!(convention.apply(name).as_deref().is_some_and(|proposal| convention.fits(proposal)));
            }
        }
    }

    #[test]
    fn what_is_no_name_at_all_is_refused() {
        for name in ["", "_", "a__b", "_a", "a_", "1a", "a-b", "a b", "ä", "a.b", &"a".repeat(101)] {
            assert!(!Convention::SnakeCase.fits(name), "{name:?}");
        }
        assert_eq!(Convention::UpperSnake.apply("handshake-done?").as_deref(), Some("HANDSHAKE_DONE"));
        assert_eq!(Convention::SnakeCase.apply("???"), None);
    }

    #[test]
    fn rust_gets_camels() {
        assert_eq!(upper_camel("AT_STARTUP"), "AtStartup");
        assert_eq!(upper_camel("part_1"), upper_camel("part1"));
    }
}
