//! Messages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::contacts::NicknameChange;
use super::direction::Direction;
use crate::api::hidden::Hidden;
use crate::identity::NodeId;
use crate::nickname::Nickname;

/// `messages.count`: how large a conversation is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageCount {
    /// With whom.
    pub with: NodeId,
    /// The user's name for them.
    pub name: Option<Nickname>,
    /// Messages in both directions; those that wait for the user to accept or refuse a stranger are not among them.
    pub messages: u64,
}

/// `messages.send`: it is on disk, and under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageSent {
    /// Its id; `messages.get` follows it.
    pub id: String,
    /// To whom.
    pub to: NodeId,
    /// The user's name for them.
    pub name: Option<Nickname>,
    /// How far it is.
    pub state: MessageState,
    /// Until when it is tried.
    pub expires_unix_ms: u64,
    /// They were found by a nickname, and have given it up.
    pub nickname_change: Option<NicknameChange>,
    /// What keeps every message waiting now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What the user can do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// How far a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// To others: on disk, not yet sent.
    Queued,
    /// To others: sent, not yet confirmed.
    Sent,
    /// To others: on their disk.
    Delivered,
    /// To others: they have read it. From others: the user has.
    Read,
    /// To others: they do not take it.
    Refused,
    /// To others: not confirmed in time. Whether it arrived is not known.
    Expired,
    /// From others: not read yet.
    Unread,
    /// From a stranger: waits until they are accepted.
    Waiting,
}

impl MessageState {
    /// The word for it, as in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Unread => "unread",
            Self::Waiting => "waiting",
        }
    }

    /// Whether a message to others is still under way.
    #[must_use]
    pub fn is_under_way(self) -> bool {
        matches!(self, Self::Queued | Self::Sent)
    }
}

/// What is odd about the time at which a message of others was written, which is its sender's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SentTime {
    /// Some minutes or days before it came. That is so when one of the two was away; nobody knows it but the sender.
    Delayed,
    /// So long before it came as no message waits, or after it. It is not true.
    Impossible,
}

/// A message; the answer to `messages.get` too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    /// Its place among all messages, from 1, in the order in which this node got to know them; 0 as long as it waits
    /// for the user to accept or refuse a stranger.
    pub position: u64,
    /// Its id.
    pub id: String,
    /// Which way it went.
    pub direction: Direction,
    /// Who is at the other end.
    pub with: NodeId,
    /// The user's name for them.
    pub name: Option<Nickname>,
    /// What it says.
    pub text: Hidden,
    /// When it was written; for one of others, that is what its sender says.
    pub time_unix_ms: u64,
    /// When it came; `null` for one to others.
    pub received_unix_ms: Option<u64>,
    /// What is odd about the time at which its sender says that it was written, if anything is.
    pub sent_time: Option<SentTime>,
    /// Until when it is tried.
    pub expires_unix_ms: Option<u64>,
    /// The message that it answers.
    pub reply_to: Option<String>,
    /// How far it is.
    pub state: MessageState,
    /// Why it was refused.
    pub why: Option<String>,
    /// How often it was sent.
    pub attempts: u32,
    /// It waits, and came by an invitation.
    #[serde(default)]
    pub invited: bool,
}

/// `messages.list`, `messages.search`, `messages.watch`, `messages.export`: messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Messages {
    /// The oldest first.
    pub messages: Vec<Message>,
    /// Where to go on: as `before` of `messages.list`, as `after` of `messages.watch` and `messages.export`. `null`
    /// where there is nothing more (`messages.watch` always says where to go on).
    pub next: Option<u64>,
    /// Where to go on with messages of strangers: as `after_request` of `messages.watch`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_request: Option<u64>,
}

/// `messages.mark_read`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MarkedRead {
    /// How many were unread.
    pub count: u64,
}
