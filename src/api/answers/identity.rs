//! Who the node is, and the invitations that were given away.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::hidden::Hidden;
use crate::identity::{Entrypoint, InvitationName, NodeId};
use crate::nickname::Nickname;

/// `id`: who the node is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Id {
    /// The id.
    pub id: NodeId,
    /// The address to give to others: `bitpie:<id>?at=…&name=…`.
    pub idurl: String,
    /// The name that the user gave it.
    pub name: Option<Nickname>,
    /// Where it listens; nothing if the node is not running.
    pub entrypoints: Vec<Entrypoint>,
}

/// `invite.new`: an invitation, and the address that carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Invited {
    /// The id.
    pub id: NodeId,
    /// The address to give away: `bitpie:<id>?at=…&name=…&invite=…`.
    pub idurl: Hidden,
    /// The name that the user gave the node.
    pub name: Option<Nickname>,
    /// Where it listens.
    pub entrypoints: Vec<Entrypoint>,
    /// What it is called, and until when it counts.
    pub invitation: Invitation,
}

/// `invite.list`: the invitations that count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Invitations {
    /// The one that ends first before the others.
    pub invitations: Vec<Invitation>,
}

/// An invitation that was given away. What stands in the address is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Invitation {
    /// What it is called.
    pub name: InvitationName,
    /// For the first who uses it alone.
    pub once: bool,
    /// When it was made.
    pub made_unix_ms: u64,
    /// Until when it counts.
    pub until_unix_ms: u64,
    /// Who came by it, as far as they are still known.
    pub used_by: Vec<InvitationUser>,
}

/// Somebody who came by an invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InvitationUser {
    /// Who.
    pub id: NodeId,
    /// The user's name for them.
    pub name: Option<Nickname>,
}

/// `invite.remove`: an invitation that counts no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InvitationRemoved {
    /// What it was called.
    pub name: InvitationName,
    /// Strangers who came by it, and wait as any other from now on.
    pub waiting: u64,
}
