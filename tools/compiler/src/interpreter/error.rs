//! What can be wrong with input from outside. Every message says what to do about it.

use std::fmt;

use crate::nearest::nearest;

/// Why the interpreter refused an input, or had to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// There is no automaton, event, field, condition, parameter or state of that name.
    UnknownName {
        /// What was looked for: `automaton`, `event of tcp_connection`.
        kind: String,
        /// As written.
        name: String,
        /// The known names.
        known: Vec<String>,
    },
    /// An automaton with many instances was named without its key, or the other way round, or the key is not valid.
    Key {
        /// As written.
        instance: String,
        /// What is wrong, and what to write.
        problem: String,
    },
    /// A field or parameter is missing.
    Missing {
        /// `field peer of event hello_received`.
        what: String,
        /// What it wants.
        expected: String,
    },
    /// A value is not of the type of its place.
    WrongType {
        /// `field peer of event hello_received`.
        what: String,
        /// What it wants.
        expected: String,
        /// What it got, as JSON.
        got: String,
    },
    /// The given time is before the current one.
    TimeBackwards {
        /// The time of the bus.
        now_ms: u64,
        /// The time that was given.
        given_ms: u64,
    },
    /// A condition was asked, and the host did not answer. The interpreter stopped half-way: continue from a copy taken
    /// before.
    Unanswered {
        /// `name` or `name[key]`.
        instance: String,
        /// The condition's name.
        condition: String,
        /// With its arguments: `best_transport(tcp)`.
        question: String,
        /// What an answer would be.
        expected: String,
    },
    /// An instance that was named does not exist.
    NoSuchInstance {
        /// `name` or `name[key]`.
        instance: String,
    },
    /// An earlier call ended half-way ([`Error::Unanswered`]), so nothing more can be done with this interpreter.
    Broken,
}

impl Error {
    pub(crate) fn unknown<'a>(kind: impl Into<String>, name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known = known.into_iter().map(str::to_owned).collect();
        Self::UnknownName { kind: kind.into(), name: name.to_owned(), known }
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownName { kind, name, known } => {
                write!(f, "there is no {kind} named `{name}`")?;
                if let Some(near) = nearest(name, known.iter().map(String::as_str)) {
                    write!(f, "; did you mean `{near}`?")?;
                }
                if known.is_empty() {
                    write!(f, " (there are none)")
                } else {
                    write!(f, " (there are: {})", known.join(", "))
                }
            }
            Self::Key { instance, problem } => write!(f, "`{instance}` does not name an instance: {problem}"),
            Self::Missing { what, expected } => write!(f, "{what} is missing; expected {expected}"),
            Self::WrongType { what, expected, got } => write!(f, "{what}: expected {expected}, got {got}"),
            Self::TimeBackwards { now_ms, given_ms } => {
                write!(f, "time cannot go back: it is {now_ms} ms, and {given_ms} ms was given")
            }
            Self::Unanswered { instance, question, expected, .. } => {
                write!(f, "{instance} asks for the condition `{question}`, which has no answer; expected {expected}")
            }
            Self::NoSuchInstance { instance } => write!(f, "there is no instance `{instance}` now"),
            Self::Broken => write!(
                f,
                "the interpreter stopped in the middle of an earlier input; continue from a copy taken before it"
            ),
        }
    }
}

/// What came of it, or why it stopped. Boxed, since it is rare and every result has room for it.
pub(super) type Evaluated<T> = Result<T, Box<Error>>;
