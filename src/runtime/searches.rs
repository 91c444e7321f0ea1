//! Searches for a nickname on behalf of the user: what has been found so far.

use std::collections::BTreeMap;

use crate::api::methods;
use crate::identity::NodeId;
use crate::nickname::Nickname;

use super::replies::Reply;

/// All searches.
#[derive(Default)]
pub struct Searches {
    pub(super) last: u64,
    pub(super) searches: BTreeMap<u64, Search>,
    /// Searches that begin once there is a DHT.
    pub(super) waiting: Vec<(methods::FindName, Reply)>,
}

/// One search.
pub(super) struct Search {
    pub(super) nickname: Nickname,
    pub(super) found: Vec<Found>,
    /// Nothing more will come; all slots have answered, or not.
    pub(super) is_complete: Option<bool>,
    /// Counts what has changed.
    pub(super) seen: u64,
}

/// Somebody who claims the nickname.
pub(super) struct Found {
    pub(super) index: u8,
    pub(super) id: NodeId,
    /// Whether the node answers now; nothing while that is being found out.
    pub(super) is_there: Option<bool>,
}
