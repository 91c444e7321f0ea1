//! Why a statement is not taken: every reason by its name, and what it says about the one who sent it.

use super::id::StatementId;
use super::limits::{STATEMENT_BYTES, STATEMENT_PARENTS, STATEMENTS_PER_DAY};
use super::payload::PayloadError;
use crate::codec::DecodeError;
use crate::identity::BadSignature;

/// Why a statement is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There are too many bytes.
    #[error("a statement of {bytes} bytes is too long: {STATEMENT_BYTES} are allowed")]
    TooLong {
        /// How many.
        bytes: usize,
    },
    /// They are not what a statement is made of.
    #[error("the statement cannot be read: {0}")]
    Malformed(DecodeError),
    /// It is for another network.
    #[error("the statement belongs to another network")]
    OtherNetwork,
    /// A sequence number that no statement may have.
    #[error("the statement has sequence number {sequence}: the first is 1, and the last below 2^63")]
    Sequence {
        /// Which.
        sequence: u64,
    },
    /// The first statement of an author names none before it, and every other one does.
    #[error(
        "a statement with sequence number {sequence} names the author's statement before it from number 2 on, and only then"
    )]
    Previous {
        /// Its number.
        sequence: u64,
    },
    /// It stands on nothing.
    #[error(
        "a statement names 1 to {STATEMENT_PARENTS} parents, or the author's statement before it, and this one names none"
    )]
    NoParents,
    /// They are not in order, one is named twice, or the network's constant is among others.
    #[error(
        "the parents of a statement ascend, and name neither one twice, nor the previous one, nor the network's constant among others"
    )]
    Parents,
    /// No clock will ever show this time.
    #[error("the statement has an impossible time")]
    Time,
    /// It says nothing that can be understood.
    #[error("the statement is not valid: {0}")]
    Payload(PayloadError),
    /// An author rates themselves.
    #[error("an author cannot rate themselves")]
    OwnRating,
    /// Too little work was put into it.
    #[error("the statement's stamp has {found} zero bits, and {needed} are needed")]
    Stamp {
        /// How many it has.
        found: u32,
        /// How many a statement of its kind and size needs.
        needed: u32,
    },
    /// The signature does not hold.
    #[error("the statement is forged or damaged: {0}")]
    Signature(BadSignature),
    /// It was made at a time that is still to come.
    #[error(
        "the statement was made at unix time {time_unix_ms} ms, which is still to come: compare the clocks of the two machines"
    )]
    FromFuture {
        /// When, as it says.
        time_unix_ms: u64,
    },
    /// `previous` is of somebody else.
    #[error("the statement continues {previous}, which is another author's")]
    OtherAuthor {
        /// Which one.
        previous: StatementId,
    },
    /// `previous` has another number than the one before.
    #[error("the statement has sequence number {sequence}, and the one that it continues {before}")]
    SequenceGap {
        /// Its number.
        sequence: u64,
        /// The number of the one that it continues.
        before: u64,
    },
    /// It is older than something that its author knew.
    #[error("the statement was made before {parent}, which it names")]
    BeforeParent {
        /// Which one.
        parent: StatementId,
    },
    /// Its author says too much in a day.
    #[error("the author made more than {STATEMENTS_PER_DAY} statements in that day (UTC)")]
    TooManyInDay,
    /// Its parents are not here, and no more can wait for theirs.
    #[error("the statement waits for others, and as many are waiting as may")]
    TooManyWaiting,
    /// It waited for its parents, and they did not come in time.
    #[error("the statement waited too long for others that it names")]
    WaitedTooLong,
    /// One on which it stands was refused.
    #[error("the statement stands on {parent}, which was refused")]
    OnRefused {
        /// Which one.
        parent: StatementId,
    },
    /// Its sender sends faster than it may.
    #[error("the peer sends more statements in a minute than it may")]
    TooFast,
}

/// What a refusal says about the peer that sent the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Blame {
    /// Nothing: an honest peer can send this.
    None,
    /// It uses more than its share. An honest peer seldom does.
    Excess,
    /// It passes on what is not valid, which it could have seen.
    Invalid,
}

impl Refusal {
    /// What it costs the sender.
    #[must_use]
    pub const fn blame(&self) -> Blame {
        match self {
            // The clocks differ, ours or theirs; or somebody else withholds the parents.
            Self::FromFuture { .. } | Self::WaitedTooLong => Blame::None,
            Self::TooManyWaiting | Self::TooFast => Blame::Excess,
            Self::TooLong { .. }
            | Self::Malformed(_)
            | Self::OtherNetwork
            | Self::Sequence { .. }
            | Self::Previous { .. }
            | Self::NoParents
            | Self::Parents
            | Self::Time
            | Self::Payload(_)
            | Self::OwnRating
            | Self::Stamp { .. }
            | Self::Signature(_)
            | Self::OtherAuthor { .. }
            | Self::SequenceGap { .. }
            | Self::BeforeParent { .. }
            | Self::TooManyInDay
            | Self::OnRefused { .. } => Blame::Invalid,
        }
    }

    /// Whether the same bytes can be taken at another time.
    #[must_use]
    pub const fn may_pass_later(&self) -> bool {
        !matches!(self.blame(), Blame::Invalid)
    }
}
