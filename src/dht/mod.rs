//! The distributed hash table: which records this node keeps in it, and the node of BitTorrent's Mainline DHT (BEP 5,
//! BEP 44) that carries them.
//!
//! Nothing that comes out of the DHT is believed because it was there: whoever can compute the key of a slot can write
//! into it, tokens can be forged, and any node may answer whatever it likes. A record counts if an identity has signed
//! what is in it, and what can be had so is: denied, delayed or old, but never forged.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "`engine` has the socket and the clock; the other files here are pure"
)]

mod claim;
mod directory;
mod engine;
mod item;
mod slot;

pub use claim::{CLAIM_BYTES, CLAIM_VALIDITY_S, ClaimError, NicknameClaim, VerifiedClaim};
pub use directory::{Claimant, Directory, PublishError, SlotAnswer, SlotError};
pub use engine::{Bootstrap, Dht, DhtOptions, Enough, Found, SAVED_NODES, WriteError};
pub use item::{ITEM_BYTES, Item, ItemError};
pub use slot::{NICKNAME_SLOTS, Slot, SlotState, judge};
