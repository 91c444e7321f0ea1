//! What is announced in the local network.

use std::collections::BTreeMap;

use crate::identity::{Entrypoint, NodeId};

/// Nodes of the local network that are known at a time, at most. Others count when one of them is gone.
pub const LAN_PEERS: usize = 64;

/// What is known of the local network.
#[derive(Clone, Debug, Default)]
pub struct Lan {
    /// Which nodes are announced, and what was new of where they may be.
    pub hints: BTreeMap<NodeId, Vec<Entrypoint>>,
    /// Why nobody is found, or nobody finds us.
    pub problem: Option<String>,
}

impl Lan {
    /// Nodes that are announced.
    #[must_use]
    pub fn found(&self) -> usize {
        self.hints.len()
    }

    /// Why nobody is found, or nobody finds us.
    #[must_use]
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }
}
