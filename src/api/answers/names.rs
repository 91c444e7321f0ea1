//! Nicknames: our own, and those that are looked for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::contacts::ContactState;
use crate::identity::NodeId;
use crate::nickname::{Nickname, NicknameResult};

/// `nick.show`, `nick.set`, `nick.clear`: how our nickname stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NicknameStatus {
    /// By which name the user wants to be known.
    pub name: Option<Nickname>,
    /// The state of `nickname_holder`.
    pub state: String,
    /// What was reported last.
    #[serde(with = "crate::words::in_json_if_any", default)]
    #[schemars(with = "Option<String>")]
    pub result: Option<NicknameResult>,
    /// The slot, from 0, of which that was reported; it need not be ours.
    pub index: Option<u8>,
    /// The slot that is ours, as far as it is known.
    #[serde(default)]
    pub held: Option<u8>,
    /// The slot that was ours, and is somebody else's since.
    #[serde(default)]
    pub lost: Option<u8>,
    /// Nothing is under way.
    pub settled: bool,
    /// What stands in the way.
    pub problem: Option<String>,
    /// What the user can do about it; nothing where the node goes on trying by itself.
    pub help: Option<String>,
}

/// `names.find`: a search that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Search {
    /// Its number, for `names.found`.
    pub search: u64,
}

/// `names.found`, `names.stop`: what a search has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FoundNames {
    /// The search.
    pub search: u64,
    /// The nickname.
    pub name: Nickname,
    /// In the order in which they came in.
    pub claimants: Vec<Claimant>,
    /// Nothing more will come.
    pub over: bool,
    /// It is over, and all places have answered: nobody else claims the nickname. Never so if only the first was
    /// wanted and was found.
    pub complete: bool,
    /// So many places have answered, once it is over: enough nodes of the DHT have told of each who claims it, or that
    /// nobody does.
    pub answered: u8,
    /// Places of a nickname.
    pub places: u8,
    /// Changes whenever anything of this does.
    pub seen: u64,
    /// A contact with another name that looks like this one.
    pub looks_like: Option<Nickname>,
    /// A contact who was found by this nickname, and does not claim it any more.
    pub missing: Option<Nickname>,
}

/// Somebody who claims a nickname, and whose own identity document says so too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Claimant {
    /// The slot, from 0.
    pub index: u8,
    /// Who.
    pub id: NodeId,
    /// The address, with where the node says that it can be reached.
    pub address: String,
    /// All places where it says that it can be reached are inside networks of its own, and are not dialled from here.
    #[serde(default)]
    pub only_private: bool,
    /// It is this node.
    pub is_me: bool,
    /// It is a contact: somebody with whom the user talks.
    pub is_contact: bool,
    /// What they are to the user; nothing if they are nobody.
    pub state: Option<ContactState>,
    /// The user's name for them.
    pub contact: Option<Nickname>,
    /// The node answers now; `null` while that is being found out.
    pub answers: Option<bool>,
}
