//! What other machines may know of the node.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identity::NodeId;
use crate::name::ServiceName;
use crate::nickname::Nickname;

/// `getservices`: what a node does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicServices {
    /// The services that are on.
    pub services: Vec<PublicService>,
}

/// A service in [`PublicServices`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicService {
    /// Which.
    pub name: ServiceName,
    /// What it is for, in one sentence.
    pub summary: String,
}

/// `findnickname`: who claims a nickname.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicClaimants {
    /// The nickname.
    pub name: Nickname,
    /// Who claims it, by their place.
    pub claimants: Vec<PublicClaimant>,
    /// Everybody was heard who could know of one. If not, there may be more.
    pub complete: bool,
}

/// Somebody in [`PublicClaimants`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicClaimant {
    /// The place of the claim, from 0.
    pub index: u8,
    /// Who.
    pub id: NodeId,
    /// Their address.
    pub address: String,
}
