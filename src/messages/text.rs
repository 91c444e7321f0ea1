//! The text of a message: bounded, and never shown by accident.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Bytes of a message's text, at most.
pub const TEXT_BYTES: usize = 16 * 1024;

/// What somebody has written. `Debug` says only how long it is, so that no log or error carries it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageText(String);

impl MessageText {
    /// A text that is not empty and not too long.
    ///
    /// # Errors
    /// If it is empty, or longer than [`TEXT_BYTES`].
    pub fn new(text: impl Into<String>) -> Result<Self, TextError> {
        let text = text.into();
        match text.len() {
            0 => Err(TextError::Empty),
            bytes if bytes > TEXT_BYTES => Err(TextError::Long { bytes }),
            _ => Ok(Self(text)),
        }
    }

    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for MessageText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "MessageText({} bytes)", self.0.len())
    }
}

impl TryFrom<String> for MessageText {
    type Error = TextError;

    fn try_from(text: String) -> Result<Self, TextError> {
        Self::new(text)
    }
}

impl From<MessageText> for String {
    fn from(text: MessageText) -> Self {
        text.0
    }
}

/// Why a text cannot be a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// There is nothing.
    #[error("a message has at least one character")]
    Empty,
    /// It is longer than [`TEXT_BYTES`].
    #[error("a message has at most {TEXT_BYTES} bytes, and this has {bytes}: send it in parts")]
    Long {
        /// How long it is.
        bytes: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_bounded_and_never_shown() {
        assert_eq!(MessageText::new(""), Err(TextError::Empty));
        assert!(MessageText::new("x".repeat(TEXT_BYTES)).is_ok());
        assert_eq!(MessageText::new("x".repeat(TEXT_BYTES + 1)), Err(TextError::Long { bytes: TEXT_BYTES + 1 }));
        let text = MessageText::new("geheim").expect("short");
        assert_eq!(format!("{text:?}"), "MessageText(6 bytes)");
        assert_eq!(text.as_str(), "geheim");
    }
}
