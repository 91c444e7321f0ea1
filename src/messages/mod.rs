//! Conversations: what is written, and how it is sealed. Pure.

mod sealing;
mod text;

pub use sealing::{
    Expected, MessageHeader, OpenError, OpenedMessage, SEALED_BYTES, SealError, conversation_of, open, seal,
};
pub use text::{MessageText, TEXT_BYTES, TextError};
