//! Conversations: contacts, messages and what becomes of them, as data, and how a message is sealed. Pure; `src/store`
//! keeps it all on disk.

mod agreement;
mod contact;
mod conversation;
mod sealing;
mod text;

pub use agreement::TheirAgreements;
pub use contact::{CONTACT_HINTS, Contact, ContactState, Rating};
pub use conversation::{
    Arrival, ArrivalVerdict, Delivery, DeliveryState, DeliveryUpdate, Direction, Item, NewMessage, REFUSAL_CHARACTERS,
    SentTime, WaitingMessage,
};
pub use sealing::{
    Expected, MessageHeader, OpenError, OpenedMessage, SEALED_BYTES, SealError, Sealing, conversation_of, open,
    open_by, seal,
};
pub use text::{MessageText, TEXT_BYTES, TextError};
