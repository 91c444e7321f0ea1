//! Conversations: contacts, messages and what becomes of them, as data. Pure; `src/store` keeps them on disk.

mod contact;
mod conversation;
mod id;
mod text;

pub use contact::{CONTACT_HINTS, Contact, ContactState, Rating};
pub use conversation::{
    Arrival, ArrivalVerdict, CLOCK_SKEW_MS, Delivery, DeliveryState, DeliveryUpdate, Direction, Item, LIFETIME_MS,
    NewMessage, REFUSAL_CHARACTERS, WaitingMessage,
};
pub use id::{MESSAGE_ID_BYTES, MessageId, ParseMessageIdError};
pub use text::{MessageText, TEXT_BYTES, TextError};
