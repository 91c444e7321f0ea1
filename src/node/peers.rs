//! Nodes that we know of: where they may be, what was seen of them, and how they have behaved.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::identity::{Entrypoint, NodeId};

/// Peers that are remembered, at the most. The least useful one goes first.
pub const PEER_LIMIT: usize = 10_000;

/// Addresses of one peer, at the most.
pub const ADDRESS_LIMIT: usize = 16;

/// A violation of the protocol counts so much.
pub const VIOLATION_POINTS: u32 = 20;

/// From so many points on a peer is refused.
pub const MISBEHAVED_POINTS: u32 = 100;

/// One point is forgiven after so long.
pub const POINT_FORGIVEN_MS: u64 = 36_000;

/// Peers named in one answer to GET-PEERS, at the most.
pub const HINT_LIMIT: usize = 32;

/// Addresses of one peer in such an answer, at the most.
pub const HINT_ADDRESS_LIMIT: usize = 8;

/// Who says where a peer is; the more reliable first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Our user, or our settings.
    User,
    /// The peer itself, signed.
    Peer,
    /// Somebody on the same local network, unsigned.
    Lan,
    /// Another peer.
    Hint,
}

/// A place where a peer may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownAddress {
    /// Where.
    pub entrypoint: Entrypoint,
    /// Who says so.
    pub source: Source,
    /// Attempts that failed since the last success.
    pub failures: u32,
    /// When the peer was last there, in milliseconds of unix time; 0 for never.
    pub succeeded_unix_ms: u64,
}

/// What is known of a peer, as it is kept on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerRecord {
    /// Who.
    pub id: NodeId,
    /// Where it may be, the best first.
    pub addresses: Vec<KnownAddress>,
    /// When it was first heard of, in milliseconds of unix time.
    pub first_seen_unix_ms: u64,
    /// When there was last a session with it, likewise; 0 for never.
    pub last_seen_unix_ms: u64,
    /// Sessions with it so far.
    pub sessions: u32,
    /// Rounds of attempts that failed since the last session.
    pub failures: u32,
    /// Its round trip, smoothed (an eighth of each new one, as in RFC 6298).
    pub round_trip_ms: Option<u32>,
    /// How long it rests after the next round that fails, in milliseconds.
    pub rest_ms: u64,
    /// When it is tried again, in milliseconds of unix time.
    pub next_attempt_unix_ms: u64,
    /// Points for misbehaviour, as they stood at the time below.
    pub misbehaviour: u32,
    /// In milliseconds of unix time.
    pub misbehaved_unix_ms: u64,
}

impl PeerRecord {
    fn new(id: NodeId, now_unix_ms: u64) -> Self {
        Self {
            id,
            addresses: Vec::new(),
            first_seen_unix_ms: now_unix_ms,
            last_seen_unix_ms: 0,
            sessions: 0,
            failures: 0,
            round_trip_ms: None,
            rest_ms: 0,
            next_attempt_unix_ms: 0,
            misbehaviour: 0,
            misbehaved_unix_ms: 0,
        }
    }

    /// Points for misbehaviour now: a bucket that leaks one point each [`POINT_FORGIVEN_MS`].
    #[must_use]
    pub fn misbehaviour(&self, now_unix_ms: u64) -> u32 {
        let forgiven = now_unix_ms.saturating_sub(self.misbehaved_unix_ms) / POINT_FORGIVEN_MS;
        self.misbehaviour.saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX))
    }

    fn sort_addresses(&mut self) {
        self.addresses
            .sort_by_key(|address| (address.failures, std::cmp::Reverse(address.succeeded_unix_ms), address.source));
        self.addresses.truncate(ADDRESS_LIMIT);
    }
}

/// All peers that we know of.
#[derive(Clone, Debug, Default)]
pub struct Peers {
    known: BTreeMap<NodeId, PeerRecord>,
    /// Addresses that are still to be tried in the round at hand.
    untried: BTreeMap<NodeId, Vec<Entrypoint>>,
    /// Addresses that others name may be private ones.
    is_private_network: bool,
}

impl Peers {
    /// Those that were kept.
    #[must_use]
    pub fn new(records: Vec<PeerRecord>, is_private_network: bool) -> Self {
        let known = records.into_iter().take(PEER_LIMIT).map(|record| (record.id, record)).collect();
        Self { known, untried: BTreeMap::new(), is_private_network }
    }

    /// What is known of one.
    #[must_use]
    pub fn get(&self, id: &NodeId) -> Option<&PeerRecord> {
        self.known.get(id)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &PeerRecord> {
        self.known.values()
    }

    /// Where this peer may be. Addresses that nobody trustworthy names count only if they are of the public internet. Says whether any is new.
    pub fn learn(&mut self, id: NodeId, entrypoints: &[Entrypoint], source: Source, now_unix_ms: u64) -> bool {
        let is_private_network = self.is_private_network;
        let may_be_dialled =
            |entrypoint: &&Entrypoint| source == Source::User || is_private_network || entrypoint.is_public();
        let entrypoints: Vec<_> = entrypoints.iter().filter(may_be_dialled).take(ADDRESS_LIMIT).collect();
        if entrypoints.is_empty() && source == Source::Hint {
            return false;
        }
        let record = self.entry(id, now_unix_ms);
        let mut is_any_new = false;
        for entrypoint in entrypoints {
            match record.addresses.iter_mut().find(|address| address.entrypoint == *entrypoint) {
                Some(address) => address.source = address.source.min(source),
                None => {
                    is_any_new = true;
                    let entrypoint = entrypoint.clone();
                    record.addresses.push(KnownAddress { entrypoint, source, failures: 0, succeeded_unix_ms: 0 });
                }
            }
        }
        record.sort_addresses();
        is_any_new
    }

    /// What is known of one, for changes; it is known from now on.
    pub fn entry(&mut self, id: NodeId, now_unix_ms: u64) -> &mut PeerRecord {
        if !self.known.contains_key(&id) && self.known.len() >= PEER_LIMIT {
            let least = self
                .known
                .values()
                .min_by_key(|record| (record.misbehaviour < MISBEHAVED_POINTS, record.last_seen_unix_ms));
            if let Some(least) = least.map(|record| record.id) {
                self.known.remove(&least);
                self.untried.remove(&least);
            }
        }
        self.known.entry(id).or_insert_with(|| PeerRecord::new(id, now_unix_ms))
    }

    /// All addresses may be tried again, the best first.
    pub fn begin_round(&mut self, id: NodeId) {
        let addresses = self.known.get(&id).map(|record| record.addresses.as_slice()).unwrap_or_default();
        let round = addresses.iter().rev().map(|address| address.entrypoint.clone()).collect();
        self.untried.insert(id, round);
    }

    /// There is another address to be tried in this round.
    #[must_use]
    pub fn has_untried(&self, id: &NodeId) -> bool {
        self.untried.get(id).is_some_and(|round| !round.is_empty())
    }

    /// The next address to be tried.
    pub fn next_untried(&mut self, id: &NodeId) -> Option<Entrypoint> {
        self.untried.get_mut(id)?.pop()
    }

    /// An attempt at that address failed.
    pub fn failed(&mut self, id: &NodeId, entrypoint: &Entrypoint) {
        let Some(record) = self.known.get_mut(id) else { return };
        if let Some(address) = record.addresses.iter_mut().find(|address| address.entrypoint == *entrypoint) {
            address.failures = address.failures.saturating_add(1);
        }
        record.sort_addresses();
    }

    /// There is a session with it; if we opened it, at that address.
    pub fn succeeded(&mut self, id: NodeId, entrypoint: Option<&Entrypoint>, now_unix_ms: u64) {
        let record = self.entry(id, now_unix_ms);
        record.last_seen_unix_ms = now_unix_ms;
        record.sessions = record.sessions.saturating_add(1);
        record.failures = 0;
        if let Some(address) =
            entrypoint.and_then(|at| record.addresses.iter_mut().find(|address| address.entrypoint == *at))
        {
            address.failures = 0;
            address.succeeded_unix_ms = now_unix_ms;
        }
        record.sort_addresses();
    }

    /// A round trip was measured.
    pub fn round_trip(&mut self, id: NodeId, round_trip_ms: u32, now_unix_ms: u64) {
        let record = self.entry(id, now_unix_ms);
        let smoothed = record.round_trip_ms.map_or(round_trip_ms, |old| old - old / 8 + round_trip_ms / 8);
        record.round_trip_ms = Some(smoothed);
    }

    /// It misbehaved.
    pub fn misbehave(&mut self, id: NodeId, points: u32, now_unix_ms: u64) {
        let record = self.entry(id, now_unix_ms);
        record.misbehaviour = record.misbehaviour(now_unix_ms).saturating_add(points).min(2 * MISBEHAVED_POINTS);
        record.misbehaved_unix_ms = now_unix_ms;
    }

    /// It has misbehaved too much lately.
    #[must_use]
    pub fn is_misbehaved(&self, id: &NodeId, now_unix_ms: u64) -> bool {
        self.known.get(id).is_some_and(|record| record.misbehaviour(now_unix_ms) >= MISBEHAVED_POINTS)
    }

    /// Peers that were there lately, for somebody who asks: addresses that may be told to others only.
    #[must_use]
    pub fn hints(&self, except: &NodeId) -> Vec<(NodeId, Vec<Entrypoint>)> {
        let mut seen: Vec<_> =
            self.known.values().filter(|record| record.last_seen_unix_ms > 0 && record.id != *except).collect();
        seen.sort_by_key(|record| (std::cmp::Reverse(record.last_seen_unix_ms), record.id));
        let hint = |record: &PeerRecord| {
            let signed = record
                .addresses
                .iter()
                .filter(|address| address.source == Source::Peer || address.succeeded_unix_ms > 0);
            let told = signed.filter(|address| self.is_private_network || address.entrypoint.is_public());
            let told: Vec<_> = told.take(HINT_ADDRESS_LIMIT).map(|address| address.entrypoint.clone()).collect();
            (!told.is_empty()).then_some((record.id, told))
        };
        seen.into_iter().filter_map(hint).take(HINT_LIMIT).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(octet: u8) -> NodeId {
        NodeId::from_bytes([octet; 32])
    }

    fn at(address: &str) -> Entrypoint {
        format!("tcp://{address}").parse().expect("an entrypoint")
    }

    #[test]
    fn private_addresses_count_only_from_the_user_or_in_a_private_network() {
        let private = [at("10.0.0.1:7771"), at("127.0.0.1:7771")];
        let mut peers = Peers::default();
        assert!(!peers.learn(id(1), &private, Source::Peer, 1));
        assert!(!peers.learn(id(1), &private, Source::Hint, 1));
        assert!(peers.learn(id(1), &private, Source::User, 1));
        let mut private_network = Peers::new(Vec::new(), true);
        assert!(private_network.learn(id(1), &private, Source::Peer, 1));
    }

    #[test]
    fn a_round_tries_each_address_once_the_best_first() {
        let mut peers = Peers::new(Vec::new(), true);
        peers.learn(id(1), &[at("127.0.0.1:1"), at("127.0.0.1:2")], Source::Hint, 1);
        peers.learn(id(1), &[at("127.0.0.1:3")], Source::User, 1);
        peers.failed(&id(1), &at("127.0.0.1:3"));
        peers.succeeded(id(1), Some(&at("127.0.0.1:2")), 5);
        peers.begin_round(id(1));
        let mut tried = Vec::new();
        while peers.has_untried(&id(1)) {
            tried.extend(peers.next_untried(&id(1)));
        }
        assert_eq!(tried, [at("127.0.0.1:2"), at("127.0.0.1:1"), at("127.0.0.1:3")]);
    }

    #[test]
    fn misbehaviour_adds_up_and_is_forgiven_with_time() {
        let mut peers = Peers::default();
        for _ in 0..5 {
            assert!(!peers.is_misbehaved(&id(1), 0));
            peers.misbehave(id(1), VIOLATION_POINTS, 0);
        }
        assert!(peers.is_misbehaved(&id(1), 0));
        assert!(peers.is_misbehaved(&id(1), POINT_FORGIVEN_MS - 1));
        assert!(!peers.is_misbehaved(&id(1), POINT_FORGIVEN_MS));
    }

    #[test]
    fn memory_is_bounded_and_those_that_were_never_there_go_first() {
        let mut peers = Peers::default();
        peers.succeeded(id(255), None, 9);
        for number in 0..u32::try_from(PEER_LIMIT).expect("it is small") + 10 {
            let mut octets = [0; 32];
            octets[..4].copy_from_slice(&number.to_be_bytes());
            peers.learn(NodeId::from_bytes(octets), &[at("8.8.8.8:1")], Source::Hint, 1);
        }
        assert_eq!(peers.iter().count(), PEER_LIMIT);
        assert!(peers.get(&id(255)).is_some());
        let many: Vec<Entrypoint> = (1..100).map(|port| at(&format!("8.8.8.8:{port}"))).collect();
        peers.learn(id(255), &many, Source::Peer, 1);
        assert_eq!(peers.get(&id(255)).expect("it is known").addresses.len(), ADDRESS_LIMIT);
    }

    #[test]
    fn hints_name_only_peers_that_were_there_at_addresses_that_may_be_told() {
        let mut peers = Peers::default();
        peers.learn(id(1), &[at("8.8.8.8:1")], Source::Peer, 1);
        peers.learn(id(2), &[at("8.8.4.4:1")], Source::Peer, 1);
        peers.learn(id(3), &[at("10.0.0.3:1")], Source::User, 1);
        for seen in [1, 3, 4] {
            peers.succeeded(id(seen), None, 7);
        }
        assert_eq!(peers.hints(&id(9)), [(id(1), vec![at("8.8.8.8:1")])]);
        assert_eq!(peers.hints(&id(1)), []);
    }
}
