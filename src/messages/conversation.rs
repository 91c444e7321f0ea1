//! Messages, outgoing and incoming, and what becomes of them.

use serde::{Deserialize, Serialize};

use super::MessageText;
use crate::identity::{CLOCK_SKEW_MS, Invitation, NodeId};
use crate::wire::{FailReason, MESSAGE_LIFETIME_MS, PacketId};

/// Characters of a refusal that are kept, at most.
pub const REFUSAL_CHARACTERS: usize = 200;

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From this user.
    Outgoing,
    /// To this user.
    Incoming,
}

/// How far an outgoing message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DeliveryState {
    /// It waits for a way to the recipient, or for the next attempt.
    Queued,
    /// It has left this node; no answer yet.
    Sent,
    /// The recipient has it on disk.
    Delivered,
    /// The recipient's user has read it.
    Read,
    /// The recipient does not want it.
    Refused,
    /// Nobody has confirmed it in time. It may have arrived.
    Expired,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [DeliveryState; 6] =
        [Self::Queued, Self::Sent, Self::Delivered, Self::Read, Self::Refused, Self::Expired];

    /// Whether nothing more is tried.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Delivered | Self::Read | Self::Refused | Self::Expired)
    }

    /// Whether a message may go from this state to that one. What was confirmed is never forgotten again, however late
    /// or in whatever order reports come; and an acknowledgement that comes after the expiry still counts.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Queued | Self::Sent => true,
            Self::Expired => matches!(next, Self::Delivered | Self::Read | Self::Expired),
            Self::Delivered => matches!(next, Self::Delivered | Self::Read),
            Self::Read => matches!(next, Self::Read),
            Self::Refused => matches!(next, Self::Refused),
        }
    }
}

/// What is to be said of the time at which an incoming message was written, which is its sender's word and no more.
///
/// It is held against when the message came, and against nothing else: each message is tried by itself, so a later one
/// may come first, and a time before that of the message before says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentTime {
    /// About when the message came.
    Fresh,
    /// Earlier, by more than clocks may be apart: the message has waited, if that is true.
    Delayed,
    /// Not the truth: longer ago than any message is tried, or after it came.
    Impossible,
}

impl SentTime {
    /// Of a message that says the one time, and came at the other, in milliseconds of unix time.
    #[must_use]
    pub const fn of(sent_unix_ms: u64, received_unix_ms: u64) -> Self {
        let waited_ms = received_unix_ms.saturating_sub(sent_unix_ms);
        if waited_ms > MESSAGE_LIFETIME_MS + CLOCK_SKEW_MS
            || sent_unix_ms.saturating_sub(received_unix_ms) > CLOCK_SKEW_MS
        {
            Self::Impossible
        } else if waited_ms > CLOCK_SKEW_MS {
            Self::Delayed
        } else {
            Self::Fresh
        }
    }
}

/// A message of a conversation, as it is shown, exported and searched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its place among all messages of this home. Grows, and is never given twice: who has seen one position goes on
    /// from there.
    pub position: u64,
    /// Its id. Incoming messages of different senders may have the same one.
    pub id: PacketId,
    /// The other user.
    pub with: NodeId,
    /// Which way it went.
    pub direction: Direction,
    /// What was written.
    pub text: MessageText,
    /// When it was written, by the sender's clock, in milliseconds of unix time.
    pub sent_unix_ms: u64,
    /// When it came onto this disk.
    pub stored_unix_ms: u64,
    /// Until when its delivery is tried.
    pub expires_unix_ms: u64,
    /// The message that it answers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reply_to: Option<PacketId>,
    /// How far it has come. Outgoing messages only.
    #[serde(skip_serializing_if = "Option::is_none", default, with = "crate::words::in_json_if_any")]
    pub state: Option<DeliveryState>,
    /// Why it was refused, in the recipient's words. Outgoing messages only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refusal: Option<String>,
    /// When it was read: incoming by this user, outgoing by the other.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub read_unix_ms: Option<u64>,
}

/// A message that the user wants to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    /// Its id, chosen at random.
    pub id: PacketId,
    /// To whom.
    pub to: NodeId,
    /// What is written.
    pub text: MessageText,
    /// The message that it answers.
    pub reply_to: Option<PacketId>,
    /// When, in milliseconds of unix time.
    pub created_unix_ms: u64,
    /// Until when its delivery is tried.
    pub expires_unix_ms: u64,
}

/// The delivery of an outgoing message, without its text: what is needed to go on after a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Which message.
    pub id: PacketId,
    /// To whom.
    pub to: NodeId,
    /// When it was written, in milliseconds of unix time.
    pub created_unix_ms: u64,
    /// Until when delivery is tried.
    pub expires_unix_ms: u64,
    /// How far it has come.
    pub state: DeliveryState,
    /// How often it was sent.
    pub attempts: u32,
    /// How long it rests before it is sent again, in milliseconds.
    pub pause_ms: u64,
}

/// News of a delivery, to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryUpdate {
    /// How far it has come.
    pub state: DeliveryState,
    /// How often it was sent.
    pub attempts: u32,
    /// How long it rests before it is sent again, in milliseconds.
    pub pause_ms: u64,
    /// Why it was refused; cut to [`REFUSAL_CHARACTERS`].
    pub refusal: Option<String>,
}

/// An incoming message, opened and verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Who has signed it.
    pub sender: NodeId,
    /// The sender's id for it.
    pub id: PacketId,
    /// What is written.
    pub text: MessageText,
    /// The message that it answers.
    pub reply_to: Option<PacketId>,
    /// When it was written, by the sender's clock, in milliseconds of unix time.
    pub sent_unix_ms: u64,
    /// Until when it may be delivered.
    pub expires_unix_ms: u64,
    /// From which group of addresses it came.
    pub origin: String,
    /// The invitation that it carries, which may be nobody's.
    pub invitation: Option<Invitation>,
}

/// What became of an incoming message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrivalVerdict {
    /// It is in the conversation, and on disk: acknowledge it.
    Accepted {
        /// Its place.
        position: u64,
    },
    /// It was here before, and nothing has changed: acknowledge it again.
    Duplicate,
    /// It is on disk, and waits until the user accepts or refuses the sender: acknowledge it.
    WaitsAsRequest,
    /// Too much of this sender, or of all strangers, waits already.
    QuotaExceeded,
    /// The user has refused the sender: say nothing.
    Blocked,
    /// It came after its expiry.
    Expired,
    /// Its expiry is further ahead than [`MESSAGE_LIFETIME_MS`](crate::wire::MESSAGE_LIFETIME_MS).
    TooFarAhead,
    /// It says that it was written later than now.
    FromTheFuture,
}

impl ArrivalVerdict {
    /// What the sender is told: that the message is kept, or why not. Nothing where the user has refused them: they see
    /// somebody who is away.
    #[must_use]
    pub const fn answer(self) -> Option<Result<(), FailReason>> {
        match self {
            Self::Accepted { .. } | Self::Duplicate | Self::WaitsAsRequest => Some(Ok(())),
            Self::QuotaExceeded => Some(Err(FailReason::QuotaExceeded)),
            Self::Blocked => None,
            Self::Expired => Some(Err(FailReason::Expired)),
            Self::TooFarAhead => Some(Err(FailReason::TooFarAhead)),
            Self::FromTheFuture => Some(Err(FailReason::FromTheFuture)),
        }
    }
}

/// A message of a stranger that waits for the user's decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingMessage {
    /// Its place among all that strangers have sent, from 1.
    pub arrival: u64,
    /// Who wrote it.
    pub sender: NodeId,
    /// The sender's id for it.
    pub id: PacketId,
    /// What is written.
    pub text: MessageText,
    /// When it was written, by the sender's clock, in milliseconds of unix time.
    pub sent_unix_ms: u64,
    /// When it came onto this disk.
    pub stored_unix_ms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_a_message_says_is_held_against_when_it_came() {
        use SentTime::{Delayed, Fresh, Impossible};
        const RECEIVED: u64 = 1_800_000_000_000;
        const LONGEST: u64 = MESSAGE_LIFETIME_MS + CLOCK_SKEW_MS;
        for (sent_unix_ms, expected) in [
            (RECEIVED, Fresh),
            (RECEIVED - CLOCK_SKEW_MS, Fresh),
            (RECEIVED - CLOCK_SKEW_MS - 1, Delayed),
            (RECEIVED - LONGEST, Delayed),
            (RECEIVED - LONGEST - 1, Impossible),
            (0, Impossible),
            (RECEIVED + CLOCK_SKEW_MS, Fresh),
            (RECEIVED + CLOCK_SKEW_MS + 1, Impossible),
            (u64::MAX, Impossible),
        ] {
            assert_eq!(SentTime::of(sent_unix_ms, RECEIVED), expected, "{sent_unix_ms}");
        }
    }

    #[test]
    fn what_was_confirmed_stays_confirmed() {
        use DeliveryState::{Delivered, Expired, Queued, Read, Refused, Sent};
        for late in [Queued, Sent, Refused, Expired] {
            assert!(!Delivered.may_become(late), "{late:?}");
            assert!(!Read.may_become(late), "{late:?}");
        }
        assert!(Delivered.may_become(Read) && !Read.may_become(Delivered));
        assert!(Expired.may_become(Delivered) && !Expired.may_become(Queued));
        assert!(DeliveryState::ALL.into_iter().all(|state| state.may_become(state)));
    }
}
