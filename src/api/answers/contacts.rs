//! Contacts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identity::{InvitationName, NodeId};
use crate::name::TransportName;
use crate::nickname::Nickname;

/// `contact.list`: whom the user talks with, and who would like to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contacts {
    /// Requests first, then by name.
    pub contacts: Vec<Contact>,
    /// Which of them could be taken for another.
    #[serde(default)]
    pub alike: Vec<Alike>,
}

/// Somebody could be taken for a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Alike {
    /// The contact.
    pub one: NodeId,
    /// Who could be taken for it: another contact, or a stranger.
    pub other: NodeId,
    /// By what.
    pub by: AlikeIn,
}

/// What of two nodes looks alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlikeIn {
    /// The names that the user has for them, or that they give themselves.
    Name,
    /// The beginnings of their ids, by which those are shown.
    Id,
}

/// Somebody whom the user talks with, or who would like to; the answer to `contact.accept` and `contact.refuse` too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contact {
    /// Who.
    pub id: NodeId,
    /// The user's name for them.
    pub name: Option<Nickname>,
    /// The name that they give themselves; anybody can take any.
    pub claimed_name: Option<Nickname>,
    /// What they are to the user.
    pub state: ContactState,
    /// Whether they are there now.
    pub online: bool,
    /// The state of their `contact_status`.
    pub status: String,
    /// By how many milliseconds their clock is ahead of ours (behind, if negative), if so much that there is no
    /// session.
    #[serde(default)]
    pub clock_ahead_ms: Option<i64>,
    /// When they were last heard.
    pub last_seen_unix_ms: Option<u64>,
    /// Messages of theirs that the user has not read.
    pub unread: u64,
    /// Messages of theirs that wait until they are accepted.
    pub waiting: u64,
    /// The invitation by which their first message got through, if by one.
    #[serde(default)]
    pub invitation: Option<InvitationName>,
    /// How often they were there in the last 30 days.
    pub rating: Rating,
    /// They were found by a nickname, and have given it up.
    pub nickname_change: Option<NicknameChange>,
    /// Another contact, whose name looks like that of this one: told when a contact is added or accepted.
    pub looks_like: Option<Nickname>,
}

/// `contact.add`: the contact, as it is now, and as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContactAdded {
    /// The contact.
    #[serde(flatten)]
    pub contact: Contact,
    /// What this node was to the user before; nothing if it was nobody.
    pub known: Option<KnownContact>,
    /// Their address held an invitation: the messages to them carry it until they have answered.
    #[serde(default)]
    pub invited: bool,
}

/// Somebody who was known before they were added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KnownContact {
    /// What they were to the user.
    pub state: ContactState,
    /// The user's name for them.
    pub name: Option<Nickname>,
}

/// Somebody who was found by a nickname has given it up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NicknameChange {
    /// The nickname by which they were found.
    pub was: Nickname,
    /// What they call themselves now.
    pub is: Option<Nickname>,
}

/// How often a contact was there while this node was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rating {
    /// Minutes in which they were seen.
    pub seen_minutes: u64,
    /// Minutes in which this node was up and looked.
    pub up_minutes: u64,
}

/// What somebody is to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContactState {
    /// They would like to talk; nobody has answered them.
    Request,
    /// The user talks with them.
    Accepted,
    /// The user does not want to hear of them.
    Refused,
    /// No contact any more; their messages are still there.
    Removed,
}

/// `contact.remove`: who is no contact any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContactRemoved {
    /// Who.
    pub id: NodeId,
    /// The name that the user had for them.
    pub name: Option<Nickname>,
    /// Messages to them that had not been delivered, and are tried no longer.
    pub messages_given_up: u64,
    /// Messages of the conversation that stay.
    #[serde(default)]
    pub messages_kept: u64,
    /// Messages of the conversation that are deleted.
    #[serde(default)]
    pub messages_deleted: u64,
    /// They had been refused, and are so no longer.
    #[serde(default)]
    pub was_refused: bool,
}

/// `contact.ping`: are they there?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ping {
    /// Who.
    pub id: NodeId,
    /// The user's name for them.
    pub name: Option<Nickname>,
    /// Whether they answered.
    pub online: bool,
    /// How long it took, if they did.
    pub took_ms: Option<u64>,
    /// By which way.
    pub transport: Option<TransportName>,
    /// Why not, if they did not.
    pub why: Option<String>,
}
