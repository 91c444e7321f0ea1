//! What is remembered of other nodes: where they are, how they behaved, when to try them again. Pure; `src/store` keeps
//! it on disk.

mod address_group;

use serde::{Deserialize, Serialize};

pub use address_group::AddressGroup;

use crate::identity::{Entrypoint, NodeId};
use crate::name::TransportName;

/// Peers that have proved who they are, at most; the least useful are forgotten first.
pub const VERIFIED_PEERS: usize = 10_000;

/// Peers that one source has told of and nobody has met, at most.
pub const UNVERIFIED_PEERS_PER_SOURCE: usize = 100;

/// Peers that nobody has met, of all sources, at most.
pub const UNVERIFIED_PEERS: usize = 5_000;

/// Entrypoints of one peer, at most; those that failed longest are forgotten first.
pub const ENTRYPOINTS_PER_PEER: usize = 16;

/// The place of an entrypoint that the peer does not name.
const NO_PLACE: u8 = u8::MAX;

fn no_place() -> u8 {
    NO_PLACE
}

/// Misbehaviour that is tolerated, in points, before a peer is refused.
pub const MISBEHAVIOUR_LIMIT: u32 = 100;

/// Time in which one point of misbehaviour is forgotten: a hundred in an hour.
pub const MISBEHAVIOUR_LEAK_MS: u64 = 36_000;

/// A node that is not this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownPeer {
    /// Which.
    pub id: NodeId,
    /// Whether it has proved in a session that it is who it says.
    pub verified: bool,
    /// Who told of it first.
    pub source: PeerSource,
    /// Where it may be reached, the best first.
    pub entrypoints: Vec<KnownEntrypoint>,
    /// Since when it is known, in milliseconds of unix time.
    pub first_seen_unix_ms: u64,
    /// When anything came from it last, in a session.
    pub last_seen_unix_ms: Option<u64>,
    /// How many sessions there were.
    pub sessions: u64,
    /// The smoothed round trip, in microseconds.
    pub round_trip_us: Option<u64>,
    /// Rounds of attempts at all entrypoints that failed since the last success.
    pub failures: u32,
    /// No attempt before this: what `peer_link` has come to.
    pub next_attempt_unix_ms: u64,
    /// How it behaved.
    pub misbehaviour: Misbehaviour,
    /// It wants others to be told of it.
    #[serde(default)]
    pub listed: bool,
    /// It has, or had, to do with our user: others are never told of it.
    #[serde(default)]
    pub acquainted: bool,
}

impl KnownPeer {
    /// A peer of which somebody has told.
    #[must_use]
    pub fn heard_of(id: NodeId, source: PeerSource, entrypoints: &[Entrypoint], now_unix_ms: u64) -> Self {
        let mut peer = Self {
            id,
            verified: false,
            source,
            entrypoints: Vec::new(),
            first_seen_unix_ms: now_unix_ms,
            last_seen_unix_ms: None,
            sessions: 0,
            round_trip_us: None,
            failures: 0,
            next_attempt_unix_ms: 0,
            misbehaviour: Misbehaviour::default(),
            listed: false,
            acquainted: false,
        };
        peer.learn(entrypoints, source.voucher());
        peer
    }

    /// Adds entrypoints that are new. At the bound, one replaces the worst of those for which nobody better vouches,
    /// and which have never worked since they last failed.
    pub fn learn(&mut self, entrypoints: &[Entrypoint], voucher: Voucher) {
        if voucher == Voucher::Document {
            for known in &mut self.entrypoints {
                known.place = NO_PLACE;
            }
        }
        for (place, entrypoint) in (0..).zip(entrypoints) {
            let place = if voucher == Voucher::Document { place } else { NO_PLACE };
            if let Some(known) = self.entrypoints.iter_mut().find(|known| known.entrypoint == *entrypoint) {
                known.voucher = known.voucher.max(voucher);
                known.place = known.place.min(place);
            } else {
                if self.entrypoints.len() >= ENTRYPOINTS_PER_PEER {
                    let gives_way = |known: &KnownEntrypoint| known.voucher <= voucher && !known.works();
                    let Some(worst) = self.entrypoints.iter().rposition(gives_way) else { return };
                    self.entrypoints.remove(worst);
                }
                self.entrypoints.push(KnownEntrypoint {
                    entrypoint: entrypoint.clone(),
                    voucher,
                    place,
                    last_success_unix_ms: None,
                    last_failure_unix_ms: None,
                });
            }
            self.sort();
        }
    }

    /// A session is up: over this entrypoint, if we opened it.
    pub fn connected(&mut self, over: Option<&Entrypoint>, now_unix_ms: u64) {
        self.verified = true;
        self.sessions = self.sessions.saturating_add(1);
        self.last_seen_unix_ms = Some(now_unix_ms);
        self.failures = 0;
        self.next_attempt_unix_ms = 0;
        if let Some(entrypoint) = over {
            self.learn(std::slice::from_ref(entrypoint), Voucher::Hint);
            for known in self.entrypoints.iter_mut().filter(|known| known.entrypoint == *entrypoint) {
                known.last_success_unix_ms = Some(now_unix_ms);
            }
            self.sort();
        }
    }

    /// Something came from it at that time.
    pub fn seen(&mut self, at_unix_ms: u64) {
        self.last_seen_unix_ms = self.last_seen_unix_ms.max(Some(at_unix_ms));
    }

    /// An attempt over this entrypoint has failed.
    pub fn failed(&mut self, over: &Entrypoint, now_unix_ms: u64) {
        for known in self.entrypoints.iter_mut().filter(|known| known.entrypoint == *over) {
            known.last_failure_unix_ms = Some(now_unix_ms);
        }
        self.sort();
    }

    /// A round trip was measured: an eighth of it counts (RFC 6298).
    pub fn measured(&mut self, round_trip_us: u64) {
        self.round_trip_us = Some(match self.round_trip_us {
            None => round_trip_us,
            Some(smoothed) => smoothed - smoothed / 8 + round_trip_us / 8,
        });
    }

    fn sort(&mut self) {
        self.entrypoints.sort_by_key(|known| (known.rank(), known.entrypoint.clone()));
    }

    /// Its entrypoints, the best first. Where neither its own word nor what came of trying them makes a difference, these
    /// transports have that order, and any other comes behind.
    #[must_use]
    pub fn in_order(&self, transports: &[TransportName]) -> Vec<Entrypoint> {
        let place = |transport| transports.iter().position(|other| other == transport).unwrap_or(transports.len());
        let mut known: Vec<&KnownEntrypoint> = self.entrypoints.iter().collect();
        known.sort_by_key(|known| (known.rank(), place(&known.entrypoint.transport)));
        known.into_iter().map(|known| known.entrypoint.clone()).collect()
    }
}

/// One address of a peer, and what came of trying it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownEntrypoint {
    /// Where.
    pub entrypoint: Entrypoint,
    /// Who vouches for it.
    #[serde(default)]
    pub voucher: Voucher,
    /// Its place in the peer's own list, the best first.
    #[serde(default = "no_place")]
    pub place: u8,
    /// When a session was last opened there, in milliseconds of unix time.
    #[serde(rename = "ok", skip_serializing_if = "Option::is_none", default)]
    pub last_success_unix_ms: Option<u64>,
    /// When an attempt last failed.
    #[serde(rename = "failed", skip_serializing_if = "Option::is_none", default)]
    pub last_failure_unix_ms: Option<u64>,
}

impl KnownEntrypoint {
    /// Its place among all of the peer, the best first: those that work, in the order of the peer, and the latest success
    /// first; then the untried, of the best voucher first; then those that failed, the longest ago first.
    fn rank(&self) -> (u8, u8, u64, u8) {
        match (self.works(), self.last_failure_unix_ms) {
            (true, _) => (0, self.place, u64::MAX - self.last_success_unix_ms.unwrap_or(0), self.place),
            (false, None) => {
                let doubts = u64::from(self.voucher < Voucher::User) + u64::from(self.voucher < Voucher::Document);
                (1, 0, doubts, self.place)
            }
            (false, Some(failure)) => (2, 0, failure, self.place),
        }
    }

    /// Whether the last attempt succeeded.
    #[must_use]
    pub fn works(&self) -> bool {
        self.last_success_unix_ms.is_some() && self.last_success_unix_ms >= self.last_failure_unix_ms
    }
}

/// Who told of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerSource {
    /// The user: a contact was added.
    User,
    /// The bootstrap list of the settings.
    Bootstrap,
    /// An announcement in the local network.
    Lan,
    /// It came by itself.
    Itself,
    /// Its identity document in the DHT.
    Dht,
    /// Another peer.
    Peer(NodeId),
}

impl PeerSource {
    /// How far its word about an address goes.
    #[must_use]
    pub fn voucher(self) -> Voucher {
        match self {
            Self::User | Self::Bootstrap => Voucher::User,
            Self::Itself | Self::Dht => Voucher::Document,
            Self::Lan | Self::Peer(_) => Voucher::Hint,
        }
    }
}

/// Who vouches for an address, the least first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Voucher {
    /// Nobody: somebody has said so.
    #[default]
    Hint,
    /// The node itself, with its signature.
    Document,
    /// Our user.
    User,
}

/// A leaky bucket of misbehaviour. It outlives sessions and restarts, so that to connect again does not wipe it out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misbehaviour {
    /// Points at that time.
    pub points: u32,
    /// When they were counted, in milliseconds of unix time.
    pub counted_unix_ms: u64,
}

impl Misbehaviour {
    /// Points that are left now.
    #[must_use]
    pub fn points_at(self, now_unix_ms: u64) -> u32 {
        let forgotten = now_unix_ms.saturating_sub(self.counted_unix_ms) / MISBEHAVIOUR_LEAK_MS;
        self.points.saturating_sub(u32::try_from(forgotten).unwrap_or(u32::MAX))
    }

    /// Adds points. Returns whether that is more than is tolerated.
    pub fn add(&mut self, points: u32, now_unix_ms: u64) -> bool {
        let left = self.points_at(now_unix_ms);
        if left == 0 || self.points == 0 {
            self.counted_unix_ms = now_unix_ms;
        } else {
            // The started part of a point goes on leaking.
            self.counted_unix_ms += u64::from(self.points - left) * MISBEHAVIOUR_LEAK_MS;
        }
        // Twice the limit at most, so that even the worst is heard again after two hours.
        self.points = left.saturating_add(points).min(MISBEHAVIOUR_LIMIT * 2);
        self.is_refused_at(now_unix_ms)
    }

    /// Whether the peer is refused now.
    #[must_use]
    pub fn is_refused_at(self, now_unix_ms: u64) -> bool {
        self.points_at(now_unix_ms) >= MISBEHAVIOUR_LIMIT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entrypoint(port: u16) -> Entrypoint {
        format!("tcp://203.0.113.5:{port}").parse().expect("an entrypoint")
    }

    fn peer() -> KnownPeer {
        KnownPeer::heard_of(NodeId::from_bytes([1; 32]), PeerSource::Bootstrap, &[entrypoint(1), entrypoint(2)], 5)
    }

    #[test]
    fn the_best_entrypoint_comes_first() {
        let mut peer = peer();
        peer.failed(&entrypoint(1), 10);
        let ports = |peer: &KnownPeer| -> Vec<u16> {
            peer.entrypoints.iter().map(|known| known.entrypoint.address.port()).collect()
        };
        assert_eq!(ports(&peer), [2, 1]);
        peer.connected(Some(&entrypoint(1)), 20);
        assert_eq!(ports(&peer), [1, 2]);
        peer.failed(&entrypoint(1), 30);
        assert_eq!(ports(&peer), [2, 1]);
    }

    #[test]
    fn of_hints_that_are_worth_the_same_our_own_order_of_transports_decides() {
        let at = |text: &str| text.parse::<Entrypoint>().expect("an entrypoint");
        let (tcp, udp) = (at("tcp://192.168.7.1:1"), at("udp://192.168.7.1:2"));
        let (udp_first, tcp_first) = ([udp.transport.clone(), tcp.transport.clone()], [tcp.transport.clone()]);
        let id = NodeId::from_bytes([1; 32]);
        let both = [udp.clone(), tcp.clone()];
        let mut peer = KnownPeer::heard_of(id, PeerSource::Lan, &both, 5);
        assert_eq!(peer.in_order(&udp_first), both);
        assert_eq!(peer.in_order(&tcp_first), [tcp.clone(), udp.clone()]);
        // The peer's own word comes first, and what has worked.
        peer.learn(&both, Voucher::Document);
        assert_eq!(peer.in_order(&tcp_first), both);
        peer.connected(Some(&tcp), 20);
        assert_eq!(peer.in_order(&udp_first), [tcp, udp]);
    }

    #[test]
    fn a_peer_that_tells_ever_new_addresses_does_not_push_out_what_works() {
        let mut peer = peer();
        peer.connected(Some(&entrypoint(2)), 20);
        for port in 1..1000 {
            peer.learn(&[entrypoint(port)], Voucher::Hint);
        }
        assert_eq!(peer.entrypoints.len(), ENTRYPOINTS_PER_PEER);
        assert_eq!(peer.entrypoints[0].entrypoint, entrypoint(2));
    }

    #[test]
    fn hints_push_out_neither_what_the_user_said_nor_what_is_signed() {
        let id = NodeId::from_bytes([1; 32]);
        let mut peer = KnownPeer::heard_of(id, PeerSource::User, &[entrypoint(1)], 5);
        peer.failed(&entrypoint(1), 10);
        peer.learn(&[entrypoint(2)], Voucher::Document);
        for port in 3..1000 {
            peer.learn(&[entrypoint(port)], Voucher::Hint);
        }
        let has = |peer: &KnownPeer, port| peer.entrypoints.iter().any(|known| known.entrypoint == entrypoint(port));
        assert!(peer.entrypoints.len() == ENTRYPOINTS_PER_PEER && has(&peer, 1) && has(&peer, 2));
        // What is signed comes in, but not in the place of what the user said.
        for port in 1001..2000 {
            peer.learn(&[entrypoint(port)], Voucher::Document);
        }
        assert!(peer.entrypoints.len() == ENTRYPOINTS_PER_PEER && has(&peer, 1) && !has(&peer, 5));
        // And is tried before what is a hint.
        let mut peer = KnownPeer::heard_of(id, PeerSource::Lan, &[entrypoint(1)], 5);
        peer.learn(&[entrypoint(2)], Voucher::User);
        peer.learn(&[entrypoint(3)], Voucher::Document);
        let order = peer.entrypoints.iter().map(|known| known.entrypoint.address.port());
        assert_eq!(order.collect::<Vec<_>>(), [2, 3, 1]);
    }

    #[test]
    fn the_round_trip_is_smoothed() {
        let mut peer = peer();
        peer.measured(800);
        peer.measured(1600);
        assert_eq!(peer.round_trip_us, Some(900));
    }

    #[test]
    fn misbehaviour_leaks_slowly_and_only_once() {
        let mut bucket = Misbehaviour::default();
        assert!(!bucket.add(60, 1_000_000));
        assert!(bucket.add(60, 1_000_000));
        let later = |points: u64| 1_000_000 + points * MISBEHAVIOUR_LEAK_MS;
        assert_eq!(bucket.points_at(later(20)), 100);
        assert!(bucket.is_refused_at(later(20)) && !bucket.is_refused_at(later(21)));
        // Half a point has leaked when more comes; the other half goes on leaking.
        let half = MISBEHAVIOUR_LEAK_MS / 2;
        assert!(bucket.add(0, later(20) + half));
        assert_eq!(bucket.points_at(later(21)), 99);
        assert_eq!(bucket.points_at(u64::MAX), 0);
        assert!(bucket.add(u32::MAX, later(30)));
        assert_eq!(bucket.points, MISBEHAVIOUR_LIMIT * 2);
        // A clock that was set back forgives nothing and does not overflow.
        assert_eq!(bucket.points_at(0), MISBEHAVIOUR_LIMIT * 2);
    }
}
