//! Whom the user wants to know to be there.

use std::collections::BTreeMap;

use crate::identity::NodeId;

use super::ids::RequestId;

/// Nodes of which it is being found out whether they are there, at the most.
const REACHING_LIMIT: usize = 64;

/// Whom the user wants to know to be there, and the requests that wait for it.
#[derive(Clone, Debug, Default)]
pub struct Reaching(BTreeMap<NodeId, Vec<RequestId>>);

impl Reaching {
    /// It cannot be found out of more nodes.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.0.len() >= REACHING_LIMIT
    }

    /// Somebody waits to hear whether this node is there.
    #[must_use]
    pub fn is_awaited(&self, peer: &NodeId) -> bool {
        self.0.contains_key(peer)
    }

    /// This request waits for it.
    pub fn wait(&mut self, peer: NodeId, request: RequestId) {
        self.0.entry(peer).or_default().push(request);
    }

    /// It is known. Says who waited.
    pub fn end(&mut self, peer: &NodeId) -> Option<Vec<RequestId>> {
        self.0.remove(peer)
    }
}
