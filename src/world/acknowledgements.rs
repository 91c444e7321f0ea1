//! Packets of ours that wait for an acknowledgement, apart from messages.

use std::collections::BTreeMap;

use crate::identity::NodeId;
use crate::wire::PacketId;

/// Packets that wait for an acknowledgement, at most, apart from messages. The oldest is forgotten first.
const AWAITED_LIMIT: usize = 4_096;

/// What an acknowledgement is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A contact's handshake.
    Contact,
    /// The propagation of our identity.
    Propagation,
}

/// Packets that wait for an acknowledgement, and what for.
#[derive(Clone, Debug, Default)]
pub struct Acknowledgements {
    awaited: BTreeMap<PacketId, (NodeId, Purpose)>,
}

impl Acknowledgements {
    /// That packet is to be acknowledged.
    pub fn wait(&mut self, packet: PacketId, peer: NodeId, purpose: Purpose) {
        if self.awaited.len() >= AWAITED_LIMIT {
            self.awaited.pop_first();
        }
        self.awaited.insert(packet, (peer, purpose));
    }

    /// This peer acknowledged or refused the packet.
    pub fn answered(&mut self, packet: &PacketId, by: &NodeId) -> Option<Purpose> {
        let (peer, purpose) = *self.awaited.get(packet)?;
        (peer == *by).then(|| self.awaited.remove(packet)).map(|_| purpose)
    }

    /// Nobody waits any more for acknowledgements of that peer, or of anybody. Returns what they were awaited for.
    pub fn forget(&mut self, peer: Option<&NodeId>, purpose: Option<Purpose>) -> Vec<Purpose> {
        let is_it = |(of, what): &(NodeId, Purpose)| {
            peer.is_none_or(|peer| peer == of) && purpose.is_none_or(|purpose| purpose == *what)
        };
        let forgotten = self.awaited.values().filter(|awaited| is_it(awaited)).map(|(_, purpose)| *purpose).collect();
        self.awaited.retain(|_, awaited| !is_it(awaited));
        forgotten
    }
}
