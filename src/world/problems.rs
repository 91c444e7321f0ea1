//! What stands in the way, for the user.

use std::collections::BTreeMap;

use crate::identity::NodeId;
use crate::name::TransportName;

/// What stands in the way.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    /// Why a transport does not listen.
    pub transports: BTreeMap<TransportName, String>,
    /// Why others cannot reach this node.
    pub network: Option<String>,
    /// Why our identity document could not be built.
    pub identity: Option<String>,
    /// Why messages that are on their way wait on disk.
    pub outbox: Option<String>,
    /// Why there is no DHT.
    pub dht: Option<String>,
    /// Why our identity document is not in the DHT.
    pub publishing: Option<String>,
    /// Why the last session with a contact, or with a peer of the settings, ended.
    pub last_ends: BTreeMap<NodeId, String>,
}
