//! The id of a message: that of the packet which carries it, chosen at random by the sender.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

/// Octets of an id.
pub const MESSAGE_ID_BYTES: usize = 16;

/// A message, as its sender has numbered it. Unique only together with the sender.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageId([u8; MESSAGE_ID_BYTES]);

impl MessageId {
    /// The id with these octets.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; MESSAGE_ID_BYTES]) -> Self {
        Self(bytes)
    }

    /// Its octets.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; MESSAGE_ID_BYTES] {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        HEXLOWER.encode_display(&self.0).fmt(formatter)
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "MessageId({self})")
    }
}

impl FromStr for MessageId {
    type Err = ParseMessageIdError;

    fn from_str(text: &str) -> Result<Self, ParseMessageIdError> {
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| ParseMessageIdError)?;
        bytes.try_into().map(Self).map_err(|_| ParseMessageIdError)
    }
}

impl TryFrom<String> for MessageId {
    type Error = ParseMessageIdError;

    fn try_from(text: String) -> Result<Self, ParseMessageIdError> {
        text.parse()
    }
}

impl From<MessageId> for String {
    fn from(id: MessageId) -> Self {
        id.to_string()
    }
}

/// A text that is no id of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the id of a message has {} digits from 0 to f", MESSAGE_ID_BYTES * 2)]
pub struct ParseMessageIdError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_text() {
        let id = MessageId::from_bytes(std::array::from_fn(|index| index as u8 * 17));
        assert_eq!(id.to_string(), "00112233445566778899aabbccddeeff");
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in ["", "00", &id.to_string().to_uppercase(), &format!("{id}00"), &"g".repeat(32)] {
            assert_eq!(wrong.parse::<MessageId>(), Err(ParseMessageIdError), "{wrong}");
        }
    }
}
