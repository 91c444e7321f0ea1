//! How a peer breaks the rules of the synchroniser.

use crate::commons::digest::Prefix;
use crate::commons::id::StatementId;
use crate::commons::refusal::Refusal;

/// How a peer breaks the rules of the synchroniser. All of it costs the peer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyncFault {
    /// It answers another question.
    #[error("the peer answered something that was not asked")]
    NotAsked,
    /// A part of its tree has ids that do not belong there, or are not in order.
    #[error("the peer's tree has ids in the wrong place, below {0}")]
    WrongPart(Prefix),
    /// Its tree goes on without an end.
    #[error("the peer's tree is larger than {0} statements can make it")]
    TooDeep(u64),
    /// It sends a statement that was not asked for, or twice, or not in its place.
    #[error("the peer sent statement {0} out of place")]
    Unexpected(StatementId),
    /// It says that it has sent everything, and has not.
    #[error("the peer says that it has {0}, and does not send it")]
    Withheld(StatementId),
    /// The root and the count that it states are not those of the tree that it shows.
    #[error("the peer states a digest that is not that of the statements which it shows")]
    FalseDigest,
    /// It names a tip that is not in the tree that it shows.
    #[error("the peer names {0} as a tip, and does not have it")]
    FalseTip(StatementId),
    /// A statement has another generation than it said.
    #[error("the peer named a wrong generation for {0}")]
    WrongGeneration(StatementId),
    /// It sent a statement that is not valid.
    #[error("the peer sent statement {id}, which is not valid: {refusal}")]
    Invalid {
        /// Which.
        id: StatementId,
        /// Why.
        refusal: Refusal,
    },
}
