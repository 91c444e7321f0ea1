//! The door of frames at the rim: what has gone through it, by transport and by peer, and how fast it may.
//!
//! Bulk streams have a pace of their own (`services/relay/bytes-per-second`), and are not counted here.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use crate::identity::NodeId;
use crate::name::TransportName;
use crate::pace::{Pace, cost_us};

/// Peers of which it is counted, at most; of those beyond it the one with the fewest bytes is forgotten.
const PEERS: usize = 1_024;

/// What was not used of a limit is saved up for so long.
const SAVED_US: u64 = 1_000_000;

/// What waits to be sent is at most what may be sent in so many seconds,
const QUEUED_SECONDS: u64 = 10;

/// or so many bytes, whichever is more.
const QUEUED_BYTES: u64 = 262_144;

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
    download: Pace,
    upload: Pace,
    queue: VecDeque<(u64, Vec<u8>)>,
    queued_bytes: u64,
}

/// What is to become of a frame that is to be sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// It goes at once.
    Now(Vec<u8>),
    /// It waits.
    Queued,
    /// As much waits as may.
    Full,
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

    /// A frame has come. How long its session is not to be read, if there is a limit (bytes in a second) and it is over
    /// it.
    pub fn came(
        &mut self,
        transport: &TransportName,
        peer: &NodeId,
        bytes: u64,
        limit: Option<u64>,
        now_us: u64,
    ) -> Option<Duration> {
        self.count(transport, peer, |traffic| {
            traffic.frames_in += 1;
            traffic.bytes_in += bytes;
        });
        let wait = self.download.take(cost_us(bytes, limit?), SAVED_US, now_us);
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

    /// A frame is to be sent. Frames of a session keep their order.
    pub fn send(&mut self, session: u64, frame: Vec<u8>, limit: Option<u64>, now_us: u64) -> Outgoing {
        if self.queue.is_empty() && self.may_send(limit, now_us) {
            self.pay(frame.len(), limit, now_us);
            return Outgoing::Now(frame);
        }
        // Without a limit, what waits from before goes as soon as it can.
        let room = QUEUED_BYTES.max(limit.unwrap_or(0).saturating_mul(QUEUED_SECONDS));
        if self.queued_bytes.saturating_add(frame.len() as u64) > room {
            return Outgoing::Full;
        }
        self.queued_bytes += frame.len() as u64;
        self.queue.push_back((session, frame));
        Outgoing::Queued
    }

    fn may_send(&self, limit: Option<u64>, now_us: u64) -> bool {
        limit.is_none() || self.upload.next_us() <= now_us
    }

    fn pay(&mut self, bytes: usize, limit: Option<u64>, now_us: u64) {
        if let Some(limit) = limit {
            self.upload.take(cost_us(bytes as u64, limit), SAVED_US, now_us);
        }
    }

    /// When the next frame that waits may go.
    pub fn due_us(&self, limit: Option<u64>) -> Option<u64> {
        self.queue.front().map(|_| limit.map_or(0, |_| self.upload.next_us()))
    }

    /// The next frame whose time has come.
    pub fn next_due(&mut self, limit: Option<u64>, now_us: u64) -> Option<(u64, Vec<u8>)> {
        if !self.may_send(limit, now_us) {
            return None;
        }
        let (session, frame) = self.queue.pop_front()?;
        self.queued_bytes -= frame.len() as u64;
        self.pay(frame.len(), limit, now_us);
        Some((session, frame))
    }

    /// All frames of a session that wait: it is about to be closed, and what was said in it goes before.
    pub fn release(&mut self, session: u64) -> Vec<Vec<u8>> {
        if !self.queue.iter().any(|(of, _)| *of == session) {
            return Vec::new();
        }
        let (released, rest) =
            std::mem::take(&mut self.queue).into_iter().partition::<VecDeque<_>, _>(|(of, _)| *of == session);
        self.queue = rest;
        let released: Vec<Vec<u8>> = released.into_iter().map(|(_, frame)| frame).collect();
        self.queued_bytes -= released.iter().map(|frame| frame.len() as u64).sum::<u64>();
        released
    }

    /// The session has ended: what waits for it is lost with it.
    pub fn forget(&mut self, session: u64) {
        drop(self.release(session));
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
        assert_eq!(gateway.came(&tcp(), &peer(1), 100, None, 0), None);
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
        let mut came = |now_us| gateway.came(&tcp(), &peer(1), 500, Some(1_000), now_us);
        let now_us = 10_000_000;
        assert_eq!([came(now_us), came(now_us), came(now_us)], [None; 3], "what was saved up, and one that is on time");
        assert_eq!(came(now_us), Some(Duration::from_millis(500)));
        assert_eq!(came(now_us + 5_000_000), None);
    }

    #[test]
    fn frames_wait_in_their_order_and_go_when_it_is_time() {
        let mut gateway = Gateway::default();
        let limit = Some(1_000);
        let now_us = 10_000_000;
        assert_eq!(gateway.send(2, vec![0; 1_500], limit, now_us), Outgoing::Now(vec![0; 1_500]));
        assert_eq!(gateway.send(2, vec![1], limit, now_us), Outgoing::Queued);
        assert_eq!(gateway.send(4, vec![2; 2_000], limit, now_us), Outgoing::Queued);
        assert_eq!(gateway.send(2, vec![3], limit, now_us), Outgoing::Queued);
        assert_eq!(gateway.next_due(limit, now_us), None);
        let due_us = gateway.due_us(limit).expect("something waits");
        assert_eq!(due_us, now_us + 500_000);
        assert_eq!(gateway.next_due(limit, due_us), Some((2, vec![1])));
        assert_eq!(gateway.release(2), [vec![3]]);
        assert_eq!(gateway.next_due(limit, due_us + 10_000_000), Some((4, vec![2; 2_000])));
        assert_eq!((gateway.due_us(limit), gateway.queued_bytes), (None, 0));
    }

    #[test]
    fn no_more_waits_than_may() {
        let mut gateway = Gateway::default();
        gateway.send(2, vec![0; 100_000], Some(1_000), 10_000_000);
        let queued =
            (0..10_000).take_while(|_| gateway.send(2, vec![0; 1_000], Some(1_000), 10_000_000) == Outgoing::Queued);
        assert_eq!(queued.count() as u64, QUEUED_BYTES / 1_000);
        gateway.forget(2);
        assert_eq!((gateway.queue.len(), gateway.queued_bytes), (0, 0));
        // Without a limit what waits goes first, and nothing is lost.
        gateway.send(4, vec![1], Some(1_000), 10_000_000);
        assert_eq!(gateway.send(4, vec![2], None, 10_000_000), Outgoing::Queued);
        assert_eq!(gateway.due_us(None), Some(0), "at once");
        assert_eq!(gateway.next_due(None, 10_000_000), Some((4, vec![1])));
        assert_eq!(gateway.next_due(None, 10_000_000), Some((4, vec![2])));
    }
}
