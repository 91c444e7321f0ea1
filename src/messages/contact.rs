//! Whom the user talks with, or is asked to.

use serde::{Deserialize, Serialize};

use crate::identity::{Entrypoint, InvitationName, NodeId};
use crate::nickname::Nickname;

/// Entrypoints that are kept of the IDURL with which a contact was added, at most.
pub const CONTACT_HINTS: usize = 16;

/// Another user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The node of that user.
    pub id: NodeId,
    /// What this user calls them. No two contacts have the same name.
    pub name: Option<Nickname>,
    /// Whether the two talk.
    pub state: ContactState,
    /// Where the IDURL said that the node can be reached.
    pub hints: Vec<Entrypoint>,
    /// Since when they are known, in milliseconds of unix time.
    pub added_unix_ms: u64,
    /// Messages from them that have not been read.
    pub unread: u64,
    /// Messages from them that wait for this user to accept or refuse them.
    pub waiting: u64,
    /// The nickname by which they were found, if by one.
    pub found_as: Option<Nickname>,
    /// The invitation of ours by which their first message got through.
    #[serde(default)]
    pub invited_with: Option<InvitationName>,
}

/// Whether this user talks with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactState {
    /// A stranger has written, and waits to be accepted or refused.
    Requested,
    /// Messages go both ways.
    Accepted,
    /// Refused: what they send is dropped without an answer.
    Blocked,
    /// No contact any more: the conversation is all that is left of them.
    Removed,
}

/// How often a contact was there while this node was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rating {
    /// Minutes in which the contact was seen.
    pub seen_minutes: u64,
    /// Minutes in which this node was up and looked.
    pub up_minutes: u64,
}
