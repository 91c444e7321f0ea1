//! Errors of the local API: JSON-RPC's own, and those of this program, each with a kind that a program can match and
//! help for a person.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What went wrong, for programs: the same words in JSON (`not_found`), each with a code of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The body is not valid JSON.
    ParseError,
    /// The body is JSON, but no request.
    InvalidRequest,
    /// There is no such method.
    MethodNotFound,
    /// The parameters are not those of the method.
    InvalidParams,
    /// The node has done something wrong.
    Internal,
    /// What was named is not there.
    NotFound,
    /// What was named could be several.
    Ambiguous,
    /// Somebody does not want it: the other node, or a rule of this one.
    Refused,
    /// It needs something that is not there now: a service that is off, a network that is down.
    Unavailable,
    /// It is so already, or something else is in the way.
    Conflict,
    /// A value cannot be what it says.
    BadValue,
    /// No answer came in time. Whether it was done is not known.
    TimedOut,
    /// The token is missing or wrong, or the request comes from somewhere else than this machine's own programs.
    Forbidden,
    /// More than a request may hold.
    TooLarge,
    /// Too many requests at once.
    Busy,
}

impl ErrorKind {
    /// All kinds.
    pub const ALL: [ErrorKind; 15] = [
        ErrorKind::ParseError,
        ErrorKind::InvalidRequest,
        ErrorKind::MethodNotFound,
        ErrorKind::InvalidParams,
        ErrorKind::Internal,
        ErrorKind::NotFound,
        ErrorKind::Ambiguous,
        ErrorKind::Refused,
        ErrorKind::Unavailable,
        ErrorKind::Conflict,
        ErrorKind::BadValue,
        ErrorKind::TimedOut,
        ErrorKind::Forbidden,
        ErrorKind::TooLarge,
        ErrorKind::Busy,
    ];

    /// The number in the answer: below zero those that JSON-RPC 2.0 defines (section 5.1), above it those of this
    /// program.
    #[must_use]
    pub const fn code(self) -> i64 {
        match self {
            ErrorKind::ParseError => -32_700,
            ErrorKind::InvalidRequest => -32_600,
            ErrorKind::MethodNotFound => -32_601,
            ErrorKind::InvalidParams => -32_602,
            ErrorKind::Internal => -32_603,
            ErrorKind::NotFound => 1,
            ErrorKind::Ambiguous => 2,
            ErrorKind::Refused => 3,
            ErrorKind::Unavailable => 4,
            ErrorKind::Conflict => 5,
            ErrorKind::BadValue => 6,
            ErrorKind::TimedOut => 7,
            ErrorKind::Forbidden => 8,
            ErrorKind::TooLarge => 9,
            ErrorKind::Busy => 10,
        }
    }
}

/// An error as it stands in an answer: `{ "code", "message", "data": { "kind", "help" } }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RpcError {
    /// [`ErrorKind::code`].
    pub code: i64,
    /// What happened, to what: one sentence for a person.
    pub message: String,
    /// The rest.
    pub data: ErrorData,
}

/// What is known of an error beside its sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorData {
    /// For programs.
    pub kind: ErrorKind,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl RpcError {
    /// An error of that kind.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { code: kind.code(), message: message.into(), data: ErrorData { kind, help: None } }
    }

    /// With what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.data.help = Some(help.into());
        self
    }

    /// What kind it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.data.kind
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message.fmt(formatter)
    }
}

impl std::error::Error for RpcError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_survives_json_and_its_code_is_its_own() {
        for (index, kind) in ErrorKind::ALL.into_iter().enumerate() {
            let error = RpcError::new(kind, "what").help("do that");
            let json = serde_json::to_string(&error).expect("it can be written");
            assert_eq!(serde_json::from_str::<RpcError>(&json).expect("what was written"), error);
            assert!(ErrorKind::ALL[index + 1..].iter().all(|other| other.code() != kind.code()));
        }
    }
}
