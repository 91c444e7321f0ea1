//! Sessions of others that this node carries: how many, for whom, and nodes that were asked to carry ours.

use std::collections::{BTreeMap, BTreeSet};

use crate::identity::NodeId;

/// A circuit, by its number.
pub type CircuitId = u64;

/// How many sessions of others are carried, and whose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelayRules {
    /// In all.
    pub circuits: usize,
    /// Of those that one node has asked for.
    pub circuits_per_peer: usize,
    /// Only for those whom our user has named.
    pub friends_only: bool,
}

/// What has been carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Sessions that have ended.
    pub sessions: u64,
    /// Their bytes, of both directions.
    pub bytes: u64,
}

/// Sessions of others that this node carries, and nodes that were asked to carry ours.
#[derive(Clone, Debug)]
pub struct Relay {
    rules: RelayRules,
    /// The service is on.
    pub is_offered: bool,
    /// Who has asked for which circuit.
    circuits: BTreeMap<CircuitId, NodeId>,
    /// What has been carried since the node was started.
    pub carried: Carried,
    /// Nodes that were asked in this round to carry a session with this peer.
    asked: BTreeMap<NodeId, BTreeSet<NodeId>>,
}

impl Relay {
    /// None yet.
    #[must_use]
    pub fn new(rules: RelayRules) -> Self {
        let (circuits, carried, asked) = Default::default();
        Self { rules, is_offered: false, circuits, carried, asked }
    }

    /// How many circuits there are.
    #[must_use]
    pub fn circuits(&self) -> usize {
        self.circuits.len()
    }

    /// Whether sessions are carried for a node that our user has named, or has not.
    #[must_use]
    pub fn serves(&self, is_friend: bool) -> bool {
        is_friend || !self.rules.friends_only
    }

    /// Whether there may be one more for this node. Strangers leave half of all to those whom our user has named.
    #[must_use]
    pub fn has_room_for(&self, peer: &NodeId, is_friend: bool) -> bool {
        let of_peer = self.circuits.values().filter(|asker| *asker == peer).count();
        let limit = if is_friend { self.rules.circuits } else { self.rules.circuits.div_ceil(2) };
        of_peer < self.rules.circuits_per_peer && self.circuits.len() < limit
    }

    /// A circuit counts from now on.
    pub fn keep(&mut self, circuit: CircuitId, peer: NodeId) {
        self.circuits.insert(circuit, peer);
    }

    /// It counts no more.
    pub fn leave(&mut self, circuit: CircuitId) {
        self.circuits.remove(&circuit);
    }

    /// A session with that peer is looked for afresh: all may be asked.
    pub fn begin_round(&mut self, peer: &NodeId) {
        self.asked.remove(peer);
    }

    /// That node is asked.
    pub fn ask(&mut self, peer: NodeId, go_between: NodeId) {
        self.asked.entry(peer).or_default().insert(go_between);
    }

    /// How many were asked in this round, and whether that node was.
    #[must_use]
    pub fn asked(&self, peer: &NodeId, go_between: &NodeId) -> (usize, bool) {
        self.asked.get(peer).map_or((0, false), |asked| (asked.len(), asked.contains(go_between)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_leave_half_of_all_circuits_to_friends_and_nobody_has_more_than_its_part() {
        let mut relay = Relay::new(RelayRules { circuits: 8, circuits_per_peer: 2, friends_only: false });
        let node = |byte| NodeId::from_bytes([byte; 32]);
        let mut number = 0;
        let mut fill = |relay: &mut Relay, byte, is_friend| {
            while relay.has_room_for(&node(byte), is_friend) {
                number += 1;
                relay.keep(number, node(byte));
            }
        };
        fill(&mut relay, 1, false);
        assert_eq!(relay.circuits(), 2);
        (2..9).for_each(|byte| fill(&mut relay, byte, false));
        assert_eq!(relay.circuits(), 4);
        fill(&mut relay, 9, true);
        assert_eq!(relay.circuits(), 6);
        (10..20).for_each(|byte| fill(&mut relay, byte, true));
        assert_eq!(relay.circuits(), 8);
        relay.leave(1);
        assert!(relay.has_room_for(&node(20), true) && !relay.has_room_for(&node(20), false));
        assert!(!relay.has_room_for(&node(9), true), "it has its part");
    }
}
