//! Sessions of others that this node carries: how many, for whom, and nodes that were asked to carry ours.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::identity::NodeId;
use crate::wire::BULK_STREAMS;

/// Questions of one node in [`ASKED_WITHIN_MS`], at most.
const QUESTIONS_OF_ONE: usize = 16;

/// Questions of all whom our user has named, likewise.
const QUESTIONS_OF_FRIENDS: usize = 256;

/// Questions of all others, likewise. They are counted apart, so that strangers keep nobody out but each other.
const QUESTIONS_OF_STRANGERS: usize = 128;

/// Questions are forgotten after so long.
const ASKED_WITHIN_MS: u64 = 30_000;

/// Nodes that are asked to carry a session, in one round, at most.
const GO_BETWEENS: usize = 3;

/// Circuits of one node, at most, whatever the settings say: each takes one of the bulk streams that a peer may have
/// open.
pub const CIRCUITS_OF_ONE: usize = BULK_STREAMS;

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
    /// The service `relay` is on: others may ask.
    pub is_offered: bool,
    /// The service `relay-connections` is on: others are asked, and may call.
    pub is_used: bool,
    /// Who has asked for which circuit.
    circuits: BTreeMap<CircuitId, NodeId>,
    /// What has been carried since the node was started.
    pub carried: Carried,
    /// Who has asked lately: those whom our user has named, and all others.
    friends: Askers,
    strangers: Askers,
    /// Nodes that were asked to carry a session with this peer, and how many of them in this round.
    asked: BTreeMap<NodeId, Asked>,
}

/// Who has asked lately, and when, in milliseconds since the node was started.
#[derive(Clone, Debug, Default)]
struct Askers(VecDeque<(u64, NodeId)>);

impl Askers {
    /// Whether a node may ask, as it has not done so too often lately, nor have so many in all.
    fn may_ask(&self, peer: &NodeId, limit: usize, now_ms: u64) -> bool {
        let is_lately = |(at_ms, _): &&(u64, NodeId)| now_ms < at_ms.saturating_add(ASKED_WITHIN_MS);
        let lately = self.0.iter().filter(is_lately);
        let of_peer = lately.clone().filter(|(_, asker)| asker == peer).count();
        of_peer < QUESTIONS_OF_ONE && lately.count() < limit
    }

    fn add(&mut self, peer: NodeId, now_ms: u64) {
        while self.0.front().is_some_and(|(at_ms, _)| now_ms >= at_ms.saturating_add(ASKED_WITHIN_MS)) {
            self.0.pop_front();
        }
        self.0.push_back((now_ms, peer));
    }
}

/// Nodes that were asked to carry a session with a peer. Each has its turn, round after round.
#[derive(Clone, Debug, Default)]
struct Asked {
    in_this_round: usize,
    before: BTreeSet<NodeId>,
}

impl Relay {
    /// None yet.
    #[must_use]
    pub fn new(rules: RelayRules) -> Self {
        let (circuits, carried, friends, strangers, asked) = Default::default();
        Self { rules, is_offered: false, is_used: false, circuits, carried, friends, strangers, asked }
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

    /// Whether a node may ask for a circuit, as it has not done so too often lately: each question makes us ask
    /// somebody else.
    #[must_use]
    pub fn may_ask(&self, peer: &NodeId, is_friend: bool, now_ms: u64) -> bool {
        match is_friend {
            true => self.friends.may_ask(peer, QUESTIONS_OF_FRIENDS, now_ms),
            false => self.strangers.may_ask(peer, QUESTIONS_OF_STRANGERS, now_ms),
        }
    }

    /// A node has asked for a circuit, which counts from now on.
    pub fn keep(&mut self, circuit: CircuitId, peer: NodeId, is_friend: bool, now_ms: u64) {
        let askers = if is_friend { &mut self.friends } else { &mut self.strangers };
        askers.add(peer, now_ms);
        self.circuits.insert(circuit, peer);
    }

    /// It counts no more.
    pub fn leave(&mut self, circuit: CircuitId) {
        self.circuits.remove(&circuit);
    }

    /// A session with that peer is looked for afresh.
    pub fn begin_round(&mut self, peer: &NodeId) {
        if let Some(asked) = self.asked.get_mut(peer) {
            asked.in_this_round = 0;
        }
    }

    /// The next of these nodes that may be asked to carry a session with that peer: those first that were not asked
    /// yet, in this round or before.
    pub fn next(&self, peer: &NodeId, mut go_betweens: impl Iterator<Item = NodeId> + Clone) -> Option<NodeId> {
        let Some(asked) = self.asked.get(peer) else { return go_betweens.next() };
        if asked.in_this_round >= GO_BETWEENS {
            return None;
        }
        let fresh = go_betweens.clone().find(|go_between| !asked.before.contains(go_between));
        // All have had their turn.
        fresh.or_else(|| go_betweens.next().filter(|_| asked.in_this_round == 0))
    }

    /// That node is asked.
    pub fn ask(&mut self, peer: NodeId, go_between: NodeId) {
        let asked = self.asked.entry(peer).or_default();
        asked.in_this_round += 1;
        if !asked.before.insert(go_between) {
            asked.before = BTreeSet::from([go_between]);
        }
    }

    /// Nobody looks for that peer any more.
    pub fn forget(&mut self, peer: &NodeId) {
        self.asked.remove(peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_that_may_carry_has_its_turn_and_three_in_a_round() {
        let mut relay = Relay::new(RelayRules { circuits: 8, circuits_per_peer: 2, friends_only: false });
        let node = |byte| NodeId::from_bytes([byte; 32]);
        let peer = node(99);
        let round = |relay: &mut Relay| {
            relay.begin_round(&peer);
            let mut asked = Vec::new();
            while let Some(next) = relay.next(&peer, (1..=4).map(node)) {
                relay.ask(peer, next);
                asked.push(next);
            }
            asked
        };
        assert_eq!(round(&mut relay), [node(1), node(2), node(3)]);
        assert_eq!(round(&mut relay), [node(4)]);
        assert_eq!(round(&mut relay), [node(1), node(2), node(3)]);
    }

    #[test]
    fn whoever_asks_too_often_is_not_heard() {
        let mut relay = Relay::new(RelayRules { circuits: 8, circuits_per_peer: 2, friends_only: false });
        let node = |byte| NodeId::from_bytes([byte; 32]);
        let heard = |relay: &mut Relay, byte, is_friend, now_ms| {
            let asked = (0..100).take_while(|_| {
                let may_ask = relay.may_ask(&node(byte), is_friend, now_ms);
                if may_ask {
                    relay.keep(1, node(byte), is_friend, now_ms);
                }
                may_ask
            });
            asked.count()
        };
        assert_eq!(heard(&mut relay, 1, false, 0), QUESTIONS_OF_ONE);
        assert_eq!(heard(&mut relay, 2, false, 0), QUESTIONS_OF_ONE, "others are heard all the same");
        for byte in 3..100 {
            heard(&mut relay, byte, false, 0);
        }
        assert_eq!(relay.strangers.0.len(), QUESTIONS_OF_STRANGERS);
        assert_eq!(heard(&mut relay, 100, true, 0), QUESTIONS_OF_ONE, "strangers keep no friend out");
        for byte in 101..200 {
            heard(&mut relay, byte, true, 0);
        }
        assert_eq!(relay.friends.0.len(), QUESTIONS_OF_FRIENDS);
        assert_eq!(heard(&mut relay, 1, false, ASKED_WITHIN_MS), QUESTIONS_OF_ONE);
    }

    #[test]
    fn strangers_leave_half_of_all_circuits_to_friends_and_nobody_has_more_than_its_part() {
        let mut relay = Relay::new(RelayRules { circuits: 8, circuits_per_peer: 2, friends_only: false });
        let node = |byte| NodeId::from_bytes([byte; 32]);
        let mut number = 0;
        let mut fill = |relay: &mut Relay, byte, is_friend| {
            while relay.has_room_for(&node(byte), is_friend) {
                number += 1;
                relay.keep(number, node(byte), is_friend, 0);
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
