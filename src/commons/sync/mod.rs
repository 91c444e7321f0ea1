//! How two nodes come to hold the same: what they say to each other, and what each makes of it. Pure.
//!
//! One side asks, the other answers from its tree and its store and remembers nothing. Both do the asking, each for
//! itself. [`Walk`] finds where the two differ; [`Fetch`] gets what is missing, parents first; [`Serving`] sends it.
//! Why this is not the crate `negentropy` is said in `docs/decisions/0017-the-commons.md`.

mod fetch;
mod message;
mod serve;
mod walk;

pub use fetch::{Fetch, FetchEvent};
pub use message::{
    ANNOUNCED_IDS, ASKED_IDS, ASKED_PARTS, FINGERPRINT_BYTES, Fingerprint, PartAnswer, PeerState, STATE_TIPS, Salt,
    StreamEnd, SyncMessage, fingerprint,
};
pub use serve::{STREAM_BYTES, STREAM_STATEMENTS, Serving, parts, state};
pub use walk::{LISTED, Walk};

/// How a peer breaks the rules of the synchroniser. All of it costs the peer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyncFault {
    /// It answers another question.
    #[error("the peer answered something that was not asked")]
    NotAsked,
    /// A part of its tree has ids that do not belong there, or are not in order.
    #[error("the peer's tree has ids in the wrong place, below {0}")]
    WrongPart(super::digest::Prefix),
    /// Its tree goes on without an end.
    #[error("the peer's tree is larger than {0} statements can make it")]
    TooDeep(u64),
    /// It sends a statement that was not asked for, or twice, or not in its place.
    #[error("the peer sent statement {0} out of place")]
    Unexpected(super::id::StatementId),
    /// It says that it has sent everything, and has not.
    #[error("the peer says that it has {0}, and does not send it")]
    Withheld(super::id::StatementId),
    /// The root and the count that it states are not those of the tree that it shows.
    #[error("the peer states a digest that is not that of the statements which it shows")]
    FalseDigest,
    /// It names a tip that is not in the tree that it shows.
    #[error("the peer names {0} as a tip, and does not have it")]
    FalseTip(super::id::StatementId),
    /// A statement has another generation than it said.
    #[error("the peer named a wrong generation for {0}")]
    WrongGeneration(super::id::StatementId),
    /// It sent a statement that is not valid.
    #[error("the peer sent statement {id}, which is not valid: {refusal}")]
    Invalid {
        /// Which.
        id: super::id::StatementId,
        /// Why.
        refusal: super::refusal::Refusal,
    },
}
