//! The door of frames at the rim: what has gone through it, by transport and by peer, and how fast it may.
//!
//! Bulk streams have a pace of their own (`services/relay/bytes-per-second`), and are not counted here.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::identity::NodeId;
use crate::name::TransportName;
use crate::pace::{Pace, cost_us};

use super::upload::Upload;

/// Peers of which it is counted, at most; of those beyond it the one with the fewest bytes is forgotten.
const PEERS: usize = 1_024;

/// What was not used of a limit is saved up for so long.
const SAVED_US: u64 = 1_000_000;

/// A session waits for what others have brought so long at most.
const FORGIVEN_US: u64 = 5_000_000;

/// Frames, and their bytes with the lengths in front of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Frames that came.
    pub frames_in: u64,
    /// Their bytes.
    pub bytes_in: u64,
    /// Frames that a session has taken.
    pub frames_out: u64,
    /// Their bytes.
    pub bytes_out: u64,
}

/// What has gone through, and what waits.
#[derive(Debug, Default)]
pub struct Gateway {
    transports: BTreeMap<TransportName, Traffic>,
    peers: HashMap<NodeId, Traffic>,
    download: Download,
    /// What waits to be sent.
    pub upload: Upload,
}

impl Gateway {
    /// What has gone by a transport since the node was started.
    pub fn of_transport(&self, transport: &TransportName) -> Traffic {
        self.transports.get(transport).copied().unwrap_or_default()
    }

    /// What has gone to and from a peer since the node was started.
    pub fn of_peer(&self, peer: &NodeId) -> Option<Traffic> {
        self.peers.get(peer).copied()
    }

    /// A session has brought a frame.
    pub fn came(&mut self, transport: &TransportName, peer: &NodeId, bytes: u64) {
        self.count(transport, peer, |traffic| {
            traffic.frames_in += 1;
            traffic.bytes_in += bytes;
        });
    }

    /// How long a session is not to be read that has brought so much, if there is a limit (bytes in a second) and it is
    /// over it.
    pub fn holds_up(&mut self, session: u64, bytes: u64, limit: Option<u64>, now_us: u64) -> Option<Duration> {
        let wait = self.download.take(session, cost_us(bytes, limit?), now_us);
        (!wait.is_zero()).then_some(wait)
    }

    /// A session has taken a frame.
    pub fn went(&mut self, transport: &TransportName, peer: &NodeId, bytes: u64) {
        self.count(transport, peer, |traffic| {
            traffic.frames_out += 1;
            traffic.bytes_out += bytes;
        });
    }

    fn count(&mut self, transport: &TransportName, peer: &NodeId, count: impl Fn(&mut Traffic)) {
        // A name is cloned once for each transport, and not for each frame.
        match self.transports.get_mut(transport) {
            Some(traffic) => count(traffic),
            None => count(self.transports.entry(transport.clone()).or_default()),
        }
        if self.peers.len() >= PEERS && !self.peers.contains_key(peer) {
            let least = self.peers.iter().min_by_key(|(_, traffic)| traffic.bytes_in + traffic.bytes_out);
            if let Some(least) = least.map(|(peer, _)| *peer) {
                self.peers.remove(&least);
            }
        }
        count(self.peers.entry(*peer).or_default());
    }

    /// The limit of what may come is another one: what came before counts no more.
    pub fn download_changed(&mut self) {
        self.download = Download::default();
    }

    /// The session has ended: what waits for it is lost with it.
    pub fn forget(&mut self, session: u64) {
        self.download.sessions.remove(&session);
        self.upload.forget(session);
    }
}

/// How fast bytes may come. Each session waits for what it has brought itself, at its share of the limit; and for what
/// others have brought only a little, so that nobody keeps all others waiting, and nothing is left of whoever goes.
#[derive(Debug, Default)]
struct Download {
    all: Pace,
    sessions: HashMap<u64, Pace>,
}

impl Download {
    /// So much has come by a session. How long it is not to be read.
    fn take(&mut self, session: u64, cost_us: u64, now_us: u64) -> Duration {
        let is_behind = |(other, pace): &(&u64, &Pace)| **other != session && pace.next_us() > now_us;
        let sharing = 1 + self.sessions.iter().filter(is_behind).count() as u64;
        let own = self.sessions.entry(session).or_default();
        let wait = own.take(cost_us.saturating_mul(sharing), SAVED_US, now_us);
        let of_all = self.all.take(cost_us, SAVED_US, now_us);
        self.all.forgive(FORGIVEN_US, now_us);
        wait.max(of_all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp() -> TransportName {
        crate::name::tcp_name()
    }

    fn peer(number: u64) -> NodeId {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        NodeId::from_bytes(bytes)
    }

    #[test]
    fn it_is_counted_by_transport_and_by_peer_within_a_bound() {
        let mut gateway = Gateway::default();
        gateway.came(&tcp(), &peer(1), 100);
        gateway.went(&tcp(), &peer(1), 7);
        let expected = Traffic { frames_in: 1, bytes_in: 100, frames_out: 1, bytes_out: 7 };
        assert_eq!((gateway.of_transport(&tcp()), gateway.of_peer(&peer(1))), (expected, Some(expected)));
        for number in 2..3_000 {
            gateway.went(&tcp(), &peer(number), 1);
        }
        assert_eq!(gateway.peers.len(), PEERS);
        assert_eq!(gateway.of_peer(&peer(1)), Some(expected), "it has more than others");
    }

    #[test]
    fn what_comes_faster_than_it_may_is_waited_for() {
        let mut gateway = Gateway::default();
        let mut came = |now_us| gateway.holds_up(1, 500, Some(1_000), now_us);
        let now_us = 10_000_000;
        assert_eq!([came(now_us), came(now_us), came(now_us)], [None; 3], "what was saved up, and one that is on time");
        assert_eq!(came(now_us), Some(Duration::from_millis(500)));
        assert_eq!(came(now_us + 5_000_000), None);
    }

    #[test]
    fn nobody_waits_long_for_what_others_have_brought_nor_for_those_who_have_gone() {
        let mut gateway = Gateway::default();
        let (limit, now_us) = (Some(1_000), 10_000_000);
        for stranger in 0..50 {
            for _ in 0..20 {
                gateway.holds_up(2 * stranger + 1, 1_000, limit, now_us);
            }
        }
        let few = Duration::from_micros(FORGIVEN_US);
        let of_stranger = gateway.holds_up(1, 1_000, limit, now_us).expect("it is over its share");
        assert!(of_stranger > 3 * few, "{of_stranger:?}");
        assert!(gateway.holds_up(200, 100, limit, now_us).is_none_or(|wait| wait <= few));
        (0..50).for_each(|stranger| gateway.forget(2 * stranger + 1));
        assert_eq!(gateway.download.sessions.len(), 1);
        assert_eq!(gateway.holds_up(202, 100, limit, now_us + FORGIVEN_US), None);
        gateway.holds_up(202, 100_000, limit, now_us + FORGIVEN_US);
        gateway.download_changed();
        assert_eq!(gateway.holds_up(202, 100, Some(2_000), now_us + FORGIVEN_US), None, "another limit counts at once");
    }

    #[test]
    fn sessions_share_what_may_come() {
        let mut gateway = Gateway::default();
        // Two of them bring frames as fast as they are read, for a hundred seconds.
        let mut next_us = BTreeMap::from([(1, 10_000_000), (3, 10_000_000)]);
        let mut bytes = BTreeMap::from([(1, 0), (3, 0)]);
        while let Some((session, at_us)) = next_us.iter().min_by_key(|(_, at_us)| **at_us).map(|(a, b)| (*a, *b))
            && at_us < 110_000_000
        {
            let wait = gateway.holds_up(session, 500, Some(10_000), at_us).unwrap_or_default();
            next_us.insert(session, at_us + u64::try_from(wait.as_micros()).expect("it is short").max(1));
            *bytes.entry(session).or_insert(0) += 500_u64;
        }
        for bytes in bytes.values() {
            assert!((450_000..650_000).contains(bytes), "{bytes}");
        }
    }
}
