//! The commons: a database that all nodes of a network share. It is a graph of signed statements (notes, ratings, claims,
//! profiles, retractions), which any node can check, and of which one hash says whether two nodes hold the same. Pure: no
//! files, no sockets, no clock.
//!
//! * A statement: [`Statement`], its [`Payload`], its [`Stamp`]; valid by itself, or refused by name ([`Refusal`]).
//! * In its place: [`place`], and [`Orphans`] that wait for their parents.
//! * What follows: [`fold`] keeps profiles, answers, sums up to date; [`folded`] says the same the plain way.
//! * [`digest`]: the tree over all ids, proofs, and what a node signs about its database.
//! * [`Commons`] joins these over a [`Store`]; [`check`] finds what was altered in one.
//! * [`sync`]: how two nodes come to hold the same. [`PeerBudget`]: how much of it a peer may ask for.

mod bounds;
mod check;
#[cfg(test)]
pub(crate) mod conformance;
mod database;
pub mod digest;
mod draft;
mod fold;
mod id;
mod limits;
mod memory;
mod orphans;
mod payload;
mod place;
mod questions;
mod reference;
mod refusal;
#[cfg(test)]
mod samples;
mod stamp;
mod statement;
mod store;
pub mod sync;

pub use bounds::{PeerBudget, QUESTIONS_PER_MINUTE, SERVED_BYTES_PER_SECOND, UNASKED_PER_MINUTE};
pub use check::{Fault, check};
pub use database::{Commons, Settled, TakeError, Taken};
pub use fold::fold;
pub use id::{PLACE_BYTES, ParseStatementIdError, Place, STATEMENT_ID_BYTES, StatementId};
pub use limits::{GREATEST_NUMBER, STATEMENT_BYTES, STATEMENT_PARENTS, STATEMENTS_PER_DAY};
pub use memory::MemoryStore;
pub use orphans::{Orphans, Share, WAITING, WAITING_MS, WAITING_OF_PEER};
pub use payload::{
    Claim, MOST_STARS, NOTE_TEXT_BYTES, Note, PAYLOAD_BYTES, PROFILE_BYTES, Payload, PayloadError, Profile, Rating,
    Retraction, StatementKind, Target,
};
pub use place::{Placing, place};
pub use reference::{Folded, folded};
pub use refusal::{Blame, Refusal};
pub use stamp::{STAMP_BYTES, Stamp, StampRule, Stamping, zero_bits};
pub use statement::{Network, Statement, StatementBody};
pub use store::{Change, Entry, Register, Store, Sum};
