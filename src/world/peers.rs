//! The nodes that we know of, as the automata work with them: which address is tried next, who is refused, whom others
//! are told of.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::identity::{Entrypoint, NodeId};
use crate::name::TransportName;
use crate::peers::{
    ENTRYPOINTS_PER_PEER, KnownPeer, PeerSource, UNVERIFIED_PEERS, UNVERIFIED_PEERS_PER_SOURCE, VERIFIED_PEERS,
};
use crate::wire::{PEER_HINT_ENTRYPOINTS, PeerHint, PeerHints};

/// A violation of the protocol counts so much misbehaviour.
pub const VIOLATION_POINTS: u32 = 20;

/// All peers that we know of. They are bounded as the store bounds them, and the same ones go first.
#[derive(Clone, Debug, Default)]
pub struct Peers {
    known: BTreeMap<NodeId, KnownPeer>,
    /// Those whom our user named: they are never forgotten, and count for no bound.
    named: BTreeSet<NodeId>,
    counts: Counts,
    /// Addresses that are still to be tried in the round at hand, the next one last.
    untried: BTreeMap<NodeId, Vec<Entrypoint>>,
    /// Addresses that others name may be private ones.
    is_private_network: bool,
}

/// How many there are whom our user has not named.
#[derive(Clone, Debug, Default)]
struct Counts {
    verified: usize,
    unverified: usize,
    unverified_of: BTreeMap<PeerSource, usize>,
}

impl Peers {
    /// Those that were kept.
    #[must_use]
    pub fn new(known: Vec<KnownPeer>, is_private_network: bool) -> Self {
        let mut peers = Self { is_private_network, ..Self::default() };
        for peer in known {
            peers.change(peer.id, |peers| peers.known.insert(peer.id, peer));
        }
        peers
    }

    /// Whether addresses inside private networks are as good as others.
    #[must_use]
    pub fn is_private_network(&self) -> bool {
        self.is_private_network
    }

    /// Our user has named this peer, as a contact or in the settings.
    pub fn name(&mut self, id: NodeId) {
        self.change(id, |peers| peers.named.insert(id));
    }

    /// Our user has nothing to do with this peer any more.
    pub fn unname(&mut self, id: &NodeId) {
        self.change(*id, |peers| peers.named.remove(id));
    }

    /// What is known of one.
    #[must_use]
    pub fn get(&self, id: &NodeId) -> Option<&KnownPeer> {
        self.known.get(id)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &KnownPeer> {
        self.known.values()
    }

    /// Where this peer may be. Addresses that somebody else than our user names count only if they are of the public
    /// internet, so that nobody makes us knock at the doors of our own local network. Says whether any is new.
    pub fn learn(&mut self, id: NodeId, entrypoints: &[Entrypoint], source: PeerSource, now_unix_ms: u64) -> bool {
        let is_trusted =
            self.is_private_network || matches!(source, PeerSource::User | PeerSource::Bootstrap | PeerSource::Lan);
        let counts = |it: &&Entrypoint| it.can_be_dialled() && (is_trusted || it.is_public());
        let entrypoints: Vec<Entrypoint> =
            entrypoints.iter().filter(counts).take(ENTRYPOINTS_PER_PEER).cloned().collect();
        if entrypoints.is_empty() && matches!(source, PeerSource::Peer(_)) {
            return false;
        }
        let peer = self.entry(id, source, now_unix_ms);
        let is_known = |entrypoint: &Entrypoint| peer.entrypoints.iter().any(|known| known.entrypoint == *entrypoint);
        let new: Vec<Entrypoint> = entrypoints.iter().filter(|entrypoint| !is_known(entrypoint)).cloned().collect();
        peer.learn(&entrypoints, source.voucher());
        let is_kept = |new: &&Entrypoint| peer.entrypoints.iter().any(|known| known.entrypoint == **new);
        let kept: Vec<Entrypoint> = new.iter().filter(is_kept).cloned().collect();
        // The peer may have moved: what is new is tried next, if whoever says so may know.
        if let Some(round) = self.untried.get_mut(&id)
            && !matches!(source, PeerSource::Peer(_))
        {
            round.extend(kept.into_iter().rev());
            let too_many = round.len().saturating_sub(ENTRYPOINTS_PER_PEER);
            round.drain(..too_many);
        }
        !new.is_empty()
    }

    /// It is no longer said that this peer is there. What a session has come of stays, since that was proved. A peer of
    /// whom only the local network has told, and of whom nothing is left, is forgotten.
    pub fn unlearn(&mut self, id: &NodeId, entrypoints: &[Entrypoint]) {
        let Some(peer) = self.known.get_mut(id) else { return };
        peer.entrypoints
            .retain(|known| known.last_success_unix_ms.is_some() || !entrypoints.contains(&known.entrypoint));
        if let Some(round) = self.untried.get_mut(id) {
            round.retain(|untried| peer.entrypoints.iter().any(|known| known.entrypoint == *untried));
        }
        if peer.source == PeerSource::Lan
            && !peer.verified
            && peer.entrypoints.is_empty()
            && peer.misbehaviour.points == 0
        {
            self.forget(*id);
        }
    }

    /// What is known of one, for changes; it is known from now on.
    pub fn entry(&mut self, id: NodeId, source: PeerSource, now_unix_ms: u64) -> &mut KnownPeer {
        if !self.known.contains_key(&id) {
            let peer = KnownPeer::heard_of(id, source, &[], now_unix_ms);
            self.change(id, |peers| peers.known.insert(id, peer));
            if self.counts.unverified_of.get(&source).is_some_and(|count| *count > UNVERIFIED_PEERS_PER_SOURCE) {
                self.forget_least(&id, now_unix_ms, |peer| !peer.verified && peer.source == source);
            }
            if self.counts.unverified > UNVERIFIED_PEERS {
                self.forget_least(&id, now_unix_ms, |peer| !peer.verified);
            }
        }
        self.known.get_mut(&id).expect("it was there, or was inserted, and is not the one that was forgotten")
    }

    /// Something came from this peer at that time.
    pub fn seen(&mut self, id: &NodeId, at_unix_ms: u64) {
        if let Some(peer) = self.known.get_mut(id) {
            peer.seen(at_unix_ms);
        }
    }

    /// A session with this peer is up: over this entrypoint, if we opened it.
    pub fn connected(&mut self, id: NodeId, over: Option<&Entrypoint>, now_unix_ms: u64) {
        self.entry(id, PeerSource::Itself, now_unix_ms);
        self.change(id, |peers| peers.known.get_mut(&id).map(|peer| peer.connected(over, now_unix_ms)));
        if self.counts.verified > VERIFIED_PEERS {
            self.forget_least(&id, now_unix_ms, |peer| peer.verified);
        }
    }

    /// Forgets the least useful of those, but not this one.
    fn forget_least(&mut self, except: &NodeId, now_unix_ms: u64, which: impl Fn(&KnownPeer) -> bool) {
        let those =
            self.known.values().filter(|peer| which(peer) && peer.id != *except && !self.named.contains(&peer.id));
        // Those that fail first, then those not seen for longest. Those that misbehaved stay, or a crowd of new ones
        // would wash away what is known of them.
        let least = those.min_by_key(|peer| {
            let seen_unix_ms = peer.last_seen_unix_ms.unwrap_or(peer.first_seen_unix_ms);
            (peer.misbehaviour.points_at(now_unix_ms) > 0, Reverse(peer.failures), seen_unix_ms)
        });
        if let Some(id) = least.map(|peer| peer.id) {
            self.forget(id);
        }
    }

    fn forget(&mut self, id: NodeId) {
        self.change(id, |peers| peers.known.remove(&id));
        self.untried.remove(&id);
    }

    /// Changes what this peer counts as.
    fn change<T>(&mut self, id: NodeId, change: impl FnOnce(&mut Self) -> T) -> T {
        self.count(&id, |count| *count -= 1);
        let changed = change(self);
        self.count(&id, |count| *count += 1);
        changed
    }

    fn count(&mut self, id: &NodeId, change: impl Fn(&mut usize)) {
        let Some(peer) = self.known.get(id).filter(|_| !self.named.contains(id)) else { return };
        if peer.verified {
            return change(&mut self.counts.verified);
        }
        change(&mut self.counts.unverified);
        let of_source = self.counts.unverified_of.entry(peer.source).or_default();
        change(of_source);
        if *of_source == 0 {
            self.counts.unverified_of.remove(&peer.source);
        }
    }

    /// All addresses may be tried again, the best first; where nothing else makes a difference, by transports in this
    /// order.
    pub fn begin_round(&mut self, id: NodeId, transports: &[TransportName]) {
        let known = self.known.get(&id).map(|peer| peer.in_order(transports)).unwrap_or_default();
        self.begin_round_at(id, known);
    }

    /// These addresses may be tried, the first one first, and no other.
    pub fn begin_round_at(&mut self, id: NodeId, mut addresses: Vec<Entrypoint>) {
        addresses.reverse();
        self.untried.insert(id, addresses);
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
    pub fn failed(&mut self, id: &NodeId, over: &Entrypoint, now_unix_ms: u64) {
        if let Some(peer) = self.known.get_mut(id) {
            peer.failed(over, now_unix_ms);
        }
    }

    /// Whether strangers may hear of that peer: it was there, wants it, and has nothing to do with our user.
    #[must_use]
    pub fn may_be_told_of(&self, id: &NodeId) -> bool {
        let is_fit = |peer: &KnownPeer| peer.verified && peer.listed && !peer.acquainted;
        self.known.get(id).is_some_and(is_fit) && !self.named.contains(id)
    }

    /// Peers that were there and want to be told of, for somebody who asks, in an order that says nothing; nobody who
    /// has to do with our user. Only addresses that may be told to others.
    #[must_use]
    pub fn hints(&self, except: &NodeId, chance: u64) -> PeerHints {
        let may_be_told_of = |peer: &&KnownPeer| peer.id != *except && self.may_be_told_of(&peer.id);
        let mut shuffled: Vec<&KnownPeer> = self.known.values().filter(may_be_told_of).collect();
        shuffled.sort_by_cached_key(|peer| {
            let mut hasher = DefaultHasher::new();
            (chance, peer.id).hash(&mut hasher);
            hasher.finish()
        });
        let hint = |peer: &KnownPeer| {
            let may_be_told = |entrypoint: &&Entrypoint| self.is_private_network || entrypoint.is_public();
            let entrypoints = peer.entrypoints.iter().map(|known| &known.entrypoint).filter(may_be_told);
            let entrypoints: Vec<Entrypoint> = entrypoints.take(PEER_HINT_ENTRYPOINTS).cloned().collect();
            (!entrypoints.is_empty()).then(|| PeerHint { id: peer.id, entrypoints: entrypoints.into() })
        };
        shuffled.into_iter().filter_map(hint).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(byte: u8) -> NodeId {
        NodeId::from_bytes([byte; 32])
    }

    fn at(address: &str) -> Entrypoint {
        format!("tcp://{address}").parse().expect("an entrypoint")
    }

    #[test]
    fn private_addresses_count_only_from_the_user_or_in_a_private_network() {
        let private = [at("10.0.0.1:7771"), at("127.0.0.1:7771")];
        let mut peers = Peers::default();
        assert!(!peers.learn(id(1), &private, PeerSource::Itself, 1));
        assert!(!peers.learn(id(1), &private, PeerSource::Peer(id(2)), 1));
        assert!(peers.learn(id(1), &private, PeerSource::User, 1));
        let mut private_network = Peers::new(Vec::new(), true);
        assert!(private_network.learn(id(1), &private, PeerSource::Itself, 1));
    }

    #[test]
    fn what_no_session_can_be_opened_at_is_no_address_whoever_names_it() {
        let mut peers = Peers::new(Vec::new(), true);
        let nowhere = ["relay://8.8.8.8:5", "stun://8.8.8.8:3478"].map(|it| it.parse().expect("an entrypoint"));
        for source in [PeerSource::User, PeerSource::Itself, PeerSource::Dht, PeerSource::Peer(id(2))] {
            assert!(!peers.learn(id(1), &nowhere, source, 1), "{source:?}");
        }
        peers.begin_round(id(1), &[]);
        assert!(!peers.has_untried(&id(1)));
    }

    #[test]
    fn hints_of_the_local_network_are_forgotten_but_for_what_was_proved() {
        let mut peers = Peers::default();
        let (one, two) = (at("192.168.7.1:1"), at("192.168.7.2:2"));
        assert!(peers.learn(id(1), &[one.clone(), two.clone()], PeerSource::Lan, 1));
        peers.begin_round(id(1), &[]);
        peers.connected(id(1), Some(&two), 2);
        peers.unlearn(&id(1), &[one, two.clone()]);
        let left: Vec<_> =
            peers.get(&id(1)).expect("it was there").entrypoints.iter().map(|it| &it.entrypoint).collect();
        assert_eq!(left, [&two]);
        assert_eq!(peers.next_untried(&id(1)), Some(two.clone()));
        assert!(!peers.has_untried(&id(1)));

        assert!(peers.learn(id(2), std::slice::from_ref(&two), PeerSource::Lan, 1));
        assert!(peers.learn(id(3), std::slice::from_ref(&two), PeerSource::User, 1));
        for peer in [id(2), id(3)] {
            peers.unlearn(&peer, std::slice::from_ref(&two));
        }
        assert!(peers.get(&id(2)).is_none() && peers.get(&id(3)).is_some());
    }

    #[test]
    fn a_round_tries_each_address_once_the_best_first() {
        let mut peers = Peers::new(Vec::new(), true);
        peers.learn(id(1), &[at("127.0.0.1:1"), at("127.0.0.1:2"), at("127.0.0.1:3")], PeerSource::User, 1);
        peers.failed(&id(1), &at("127.0.0.1:3"), 4);
        peers.connected(id(1), Some(&at("127.0.0.1:2")), 5);
        peers.begin_round(id(1), &[]);
        let mut tried = Vec::new();
        while peers.has_untried(&id(1)) {
            tried.extend(peers.next_untried(&id(1)));
        }
        assert_eq!(tried, [at("127.0.0.1:2"), at("127.0.0.1:1"), at("127.0.0.1:3")]);
    }

    #[test]
    fn an_address_that_is_learnt_during_a_round_is_tried_next_unless_another_peer_says_so() {
        let mut peers = Peers::new(Vec::new(), true);
        peers.learn(id(1), &[at("127.0.0.1:1"), at("127.0.0.1:2")], PeerSource::User, 1);
        peers.begin_round(id(1), &[]);
        assert_eq!(peers.next_untried(&id(1)), Some(at("127.0.0.1:1")));
        assert!(peers.learn(id(1), &[at("127.0.0.1:3")], PeerSource::Peer(id(2)), 2));
        assert!(peers.learn(id(1), &[at("127.0.0.1:1"), at("127.0.0.1:4")], PeerSource::Dht, 2));
        assert_eq!(peers.next_untried(&id(1)), Some(at("127.0.0.1:4")));
        assert_eq!(peers.next_untried(&id(1)), Some(at("127.0.0.1:2")));
        assert_eq!(peers.next_untried(&id(1)), None);
        for port in 10..100 {
            peers.learn(id(1), &[at(&format!("127.0.0.1:{port}"))], PeerSource::Itself, 3);
        }
        let left = std::iter::from_fn(|| peers.next_untried(&id(1))).count();
        assert!(left <= ENTRYPOINTS_PER_PEER, "{left}");
    }

    /// A number as an id.
    fn numbered(number: usize) -> NodeId {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&u64::try_from(number).expect("it is small").to_be_bytes());
        NodeId::from_bytes(bytes)
    }

    #[test]
    fn one_source_cannot_fill_memory_nor_drive_others_out() {
        let mut peers = Peers::default();
        peers.name(id(1));
        peers.learn(id(1), &[at("8.8.8.8:1")], PeerSource::Peer(id(255)), 1);
        peers.learn(id(2), &[at("8.8.8.8:1")], PeerSource::Lan, 1);
        for number in 0..UNVERIFIED_PEERS_PER_SOURCE + 10 {
            peers.learn(numbered(number), &[at("8.8.8.8:1")], PeerSource::Peer(id(255)), 2);
        }
        assert_eq!(peers.iter().count(), UNVERIFIED_PEERS_PER_SOURCE + 2);
        assert!(peers.get(&id(1)).is_some() && peers.get(&id(2)).is_some());
        assert!(peers.get(&numbered(UNVERIFIED_PEERS_PER_SOURCE + 9)).is_some());
    }

    #[test]
    fn many_sources_together_are_bounded_too() {
        let mut peers = Peers::default();
        peers.connected(id(255), None, 1);
        for number in 0..UNVERIFIED_PEERS + 10 {
            peers.learn(numbered(number), &[at("8.8.8.8:1")], PeerSource::Peer(numbered(number / 50)), 2);
        }
        assert_eq!(peers.iter().count(), UNVERIFIED_PEERS + 1);
        assert!(peers.get(&id(255)).is_some());
        for number in UNVERIFIED_PEERS..UNVERIFIED_PEERS + VERIFIED_PEERS + 10 {
            peers.connected(numbered(number), None, 3);
        }
        assert_eq!(peers.iter().filter(|peer| peer.verified).count(), VERIFIED_PEERS);
        assert!(peers.get(&id(255)).is_none(), "it was seen before all others");
    }

    #[test]
    fn they_are_counted_as_what_they_are() {
        let mut peers = Peers::new(vec![KnownPeer::heard_of(id(9), PeerSource::Lan, &[at("8.8.8.8:1")], 1)], true);
        // Whatever happens to ten of them, in an order that is not too regular.
        for step in 0..2_000_usize {
            let who = id(u8::try_from(step * 7 % 10).expect("a digit"));
            match step * 31 % 13 {
                0 | 1 => peers.name(who),
                2 | 3 => peers.unname(&who),
                4 => peers.connected(who, None, 2),
                5 | 6 => peers.forget(who),
                7 => peers.unlearn(&who, &[at("8.8.8.8:1")]),
                8 => drop(peers.learn(who, &[at("8.8.8.8:1")], PeerSource::Lan, 3)),
                _ => drop(peers.learn(who, &[at("8.8.8.8:2")], PeerSource::Peer(id(77)), 3)),
            }
            let counted = |which: &dyn Fn(&KnownPeer) -> bool| {
                peers.known.values().filter(|peer| which(peer) && !peers.named.contains(&peer.id)).count()
            };
            assert_eq!(peers.counts.verified, counted(&|peer| peer.verified), "step {step}");
            assert_eq!(peers.counts.unverified, counted(&|peer| !peer.verified), "step {step}");
            for source in [PeerSource::Lan, PeerSource::Itself, PeerSource::Peer(id(77))] {
                let of_source = peers.counts.unverified_of.get(&source).copied().unwrap_or(0);
                assert_eq!(of_source, counted(&|peer| !peer.verified && peer.source == source), "step {step}");
            }
        }
    }

    #[test]
    fn misbehaviour_is_not_washed_away_by_a_crowd() {
        let mut peers = Peers::default();
        peers.entry(id(1), PeerSource::Itself, 1).misbehaviour.add(100, 1);
        for number in 0..2 * UNVERIFIED_PEERS_PER_SOURCE {
            peers.entry(numbered(number), PeerSource::Itself, 2);
        }
        assert!(peers.get(&id(1)).is_some_and(|peer| peer.misbehaviour.is_refused_at(2)));
    }

    #[test]
    fn hints_name_only_peers_that_were_there_and_want_it_and_nobody_of_our_user() {
        let mut peers = Peers::default();
        for known in 1..=6 {
            peers.learn(id(known), &[at(&format!("8.8.8.8:{known}"))], PeerSource::Itself, 1);
            peers.entry(id(known), PeerSource::Itself, 1).listed = known != 5;
        }
        peers.learn(id(7), &[at("10.0.0.3:1")], PeerSource::User, 1);
        for seen in [1, 3, 4, 5, 6, 7] {
            peers.connected(id(seen), None, 7);
        }
        peers.name(id(3));
        peers.entry(id(4), PeerSource::Itself, 1).acquainted = true;
        let told = |except, chance| {
            let hints = peers.hints(&id(except), chance);
            hints.iter().map(|hint| hint.id).collect::<Vec<_>>()
        };
        let mut all = told(9, 0);
        all.sort();
        assert_eq!(all, [id(1), id(6)]);
        assert_eq!(told(1, 0), [id(6)]);
        let orders: BTreeSet<Vec<NodeId>> = (0..64).map(|chance| told(9, chance)).collect();
        assert_eq!(orders.len(), 2, "the order says nothing");
    }
}
