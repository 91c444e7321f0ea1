//! What is told of the local network.

use crate::identity::{Entrypoint, NodeId};

/// What happened in the local network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LanEvent {
    /// We look, and are announced if there is anything to announce.
    Searching,
    /// We look, and nobody hears what we announce.
    Unheard {
        /// Why, for the user.
        reason: String,
    },
    /// We do not look, until [`LanDiscovery::search`](super::LanDiscovery::search) is called again.
    Failed {
        /// Why, for the user.
        reason: String,
    },
    /// A node is said to be near. It may have been before, elsewhere.
    Found {
        /// Which.
        peer: NodeId,
        /// All places where it is said to be, at least one and [`LAN_ENTRYPOINTS`](super::LAN_ENTRYPOINTS) at most.
        entrypoints: Vec<Entrypoint>,
    },
    /// Nobody says so any more.
    Gone {
        /// Which.
        peer: NodeId,
    },
}
