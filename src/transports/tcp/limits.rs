//! What the TCP transport allows, and the count of who is there.
//!
//! Connections whose handshake is under way are counted apart from those whose peer is known, so that a flood of the
//! former cannot use up the places of the latter. When there are too many of them the oldest makes room: it had its
//! time, and an honest newcomer needs only two round trips, so it gets through a flood that a rule of "first come"
//! would let it starve in.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::transports::{RefusedWhy, SessionNumber};
use crate::wire::FRAME_BYTES;

/// What the TCP transport allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Sessions that others opened, whose peer is known.
    pub inbound: usize,
    /// The same, from one address: an IPv4 address, or an IPv6 network of 64 bits.
    pub inbound_per_address: usize,
    /// Sessions that this side opened, those that are still being opened included.
    pub outbound: usize,
    /// The same, to one address.
    pub outbound_per_address: usize,
    /// Connections of others whose handshake is under way.
    pub half_open: usize,
    /// The same, from one address.
    pub half_open_per_address: usize,
    /// How long a connection may take to open.
    pub dial_timeout: Duration,
    /// How long a whole handshake may take, and after it the opening of the control stream.
    pub handshake_timeout: Duration,
    /// How long a message or a frame that has begun may take to be complete.
    pub frame_timeout: Duration,
    /// How long what is queued may take to be sent when a session is closed.
    pub close_timeout: Duration,
    /// Bytes in a frame of the control stream.
    pub frame_bytes: usize,
    /// Frames of a session that wait to be sent.
    pub send_queue_frames: usize,
    /// Their bytes.
    pub send_queue_bytes: usize,
    /// Frames of a session that wait for whoever takes the events; when it is reached, no more is read.
    pub received_frames: usize,
    /// Their bytes; a last frame may go beyond it.
    pub received_bytes: usize,
    /// Bulk streams of a session that each side may have opened at a time.
    pub bulk_streams: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            inbound: 125,
            inbound_per_address: 16,
            outbound: 60,
            outbound_per_address: 8,
            half_open: 64,
            half_open_per_address: 8,
            dial_timeout: Duration::from_secs(10),
            handshake_timeout: Duration::from_secs(20),
            frame_timeout: Duration::from_secs(60),
            close_timeout: Duration::from_secs(1),
            frame_bytes: FRAME_BYTES,
            send_queue_frames: 1_024,
            send_queue_bytes: 1_048_576,
            received_frames: 64,
            received_bytes: 262_144,
            bulk_streams: 8,
        }
    }
}

/// What is counted as one address: an IPv4 address, or the 64 bits of IPv6 that one household gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct AddressGroup(IpAddr);

impl AddressGroup {
    fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
            address @ IpAddr::V4(_) => address,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    HalfOpen,
    Inbound,
    Outbound,
}

#[derive(Debug, Default)]
struct Counts {
    half_open: Count,
    inbound: Count,
    outbound: Count,
    /// Sessions whose handshake is under way, the oldest first; some of them have ended since.
    oldest_half_open: VecDeque<SessionNumber>,
}

#[derive(Debug, Default)]
struct Count {
    all: usize,
    by_address: HashMap<AddressGroup, usize>,
}

impl Count {
    fn of(&self, group: AddressGroup) -> usize {
        self.by_address.get(&group).copied().unwrap_or(0)
    }

    fn add(&mut self, group: AddressGroup) {
        self.all += 1;
        *self.by_address.entry(group).or_default() += 1;
    }

    fn remove(&mut self, group: AddressGroup) {
        self.all -= 1;
        if let Some(count) = self.by_address.get_mut(&group) {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&group);
            }
        }
    }
}

impl Counts {
    fn count(&mut self, kind: Kind) -> &mut Count {
        match kind {
            Kind::HalfOpen => &mut self.half_open,
            Kind::Inbound => &mut self.inbound,
            Kind::Outbound => &mut self.outbound,
        }
    }

    fn room_for_inbound(&self, limits: &Limits, group: AddressGroup) -> Result<(), RefusedWhy> {
        if self.inbound.all >= limits.inbound {
            return Err(RefusedWhy::InboundLimit);
        }
        if self.inbound.of(group) >= limits.inbound_per_address {
            return Err(RefusedWhy::AddressLimit);
        }
        Ok(())
    }
}

/// How many sessions there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionCounts {
    /// Opened by others, their peer known.
    pub inbound: usize,
    /// Opened by this side.
    pub outbound: usize,
    /// Opened by others, their handshake under way.
    pub half_open: usize,
}

/// The count of the sessions of a transport.
#[derive(Debug)]
pub(super) struct Admission {
    counts: Mutex<Counts>,
}

/// A place among the sessions, given back when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    admission: Arc<Admission>,
    session: SessionNumber,
    group: AddressGroup,
    kind: Kind,
}

impl Admission {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { counts: Mutex::default() })
    }

    pub(super) fn session_counts(&self) -> SessionCounts {
        let counts = self.counts();
        SessionCounts { inbound: counts.inbound.all, outbound: counts.outbound.all, half_open: counts.half_open.all }
    }

    /// A place for a connection that was accepted; with it the session that has to make room, if one has.
    pub(super) fn accept(
        self: &Arc<Self>,
        limits: &Limits,
        session: SessionNumber,
        from: IpAddr,
    ) -> Result<(Place, Option<SessionNumber>), RefusedWhy> {
        let group = AddressGroup::of(from);
        let mut counts = self.counts();
        counts.room_for_inbound(limits, group)?;
        if counts.half_open.of(group) >= limits.half_open_per_address {
            return Err(RefusedWhy::AddressHalfOpenLimit);
        }
        // Those that had to make room go in a moment; should they not, there is an end to it.
        if counts.half_open.all >= limits.half_open.saturating_mul(2) {
            return Err(RefusedWhy::HalfOpenLimit);
        }
        let evicted = if counts.half_open.all >= limits.half_open {
            Some(counts.oldest_half_open.pop_front().ok_or(RefusedWhy::HalfOpenLimit)?)
        } else {
            None
        };
        counts.half_open.add(group);
        counts.oldest_half_open.push_back(session);
        Ok((self.place(session, group, Kind::HalfOpen), evicted))
    }

    /// A place for a session that this side opens; `None` at the limits.
    pub(super) fn dial(self: &Arc<Self>, limits: &Limits, session: SessionNumber, to: IpAddr) -> Option<Place> {
        let group = AddressGroup::of(to);
        let mut counts = self.counts();
        if counts.outbound.all >= limits.outbound || counts.outbound.of(group) >= limits.outbound_per_address {
            return None;
        }
        counts.outbound.add(group);
        Some(self.place(session, group, Kind::Outbound))
    }

    fn place(self: &Arc<Self>, session: SessionNumber, group: AddressGroup, kind: Kind) -> Place {
        Place { admission: Arc::clone(self), session, group, kind }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        // The counts are whole after each statement, so a panic elsewhere does not spoil them.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The peer is known now: its place is one among the sessions that last.
    pub(super) fn promote(&mut self, limits: &Limits) -> Result<(), RefusedWhy> {
        if self.kind != Kind::HalfOpen {
            return Ok(());
        }
        let mut counts = self.admission.counts();
        counts.room_for_inbound(limits, self.group)?;
        counts.half_open.remove(self.group);
        counts.oldest_half_open.retain(|session| *session != self.session);
        counts.inbound.add(self.group);
        self.kind = Kind::Inbound;
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.admission.counts();
        counts.count(self.kind).remove(self.group);
        if self.kind == Kind::HalfOpen {
            counts.oldest_half_open.retain(|session| *session != self.session);
        }
    }
}

/// Raises the soft limit of open files, sockets among them, to the hard one, and returns what it is now. Systems that
/// have no such limit give `None`.
#[must_use]
pub fn raise_descriptor_limit() -> Option<u64> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        let wanted = Rlimit { current: limit.maximum, maximum: limit.maximum };
        // Some systems refuse the hard limit itself; then it stays as it was.
        let now = if setrlimit(Resource::Nofile, wanted).is_ok() { wanted } else { limit };
        now.current
    }
    #[cfg(not(unix))]
    {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect(text)
    }

    fn limits() -> Limits {
        Limits {
            inbound: 3,
            inbound_per_address: 2,
            outbound: 2,
            outbound_per_address: 1,
            half_open: 3,
            half_open_per_address: 2,
            ..Limits::default()
        }
    }

    #[test]
    fn an_ipv6_network_of_64_bits_is_one_address() {
        let (admission, limits) = (Admission::new(), limits());
        let _first = admission.accept(&limits, 1, address("2001:db8::1")).expect("the first");
        let _second = admission.accept(&limits, 3, address("2001:db8::2:3")).expect("the second");
        let third = admission.accept(&limits, 5, address("2001:db8::ffff:1")).map(|_| ());
        assert_eq!(third, Err(RefusedWhy::AddressHalfOpenLimit));
        assert!(admission.accept(&limits, 7, address("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn an_ipv4_address_is_the_same_when_it_is_mapped() {
        let (admission, limits) = (Admission::new(), limits());
        let _first = admission.accept(&limits, 1, address("203.0.113.5")).expect("the first");
        let _second = admission.accept(&limits, 3, address("::ffff:203.0.113.5")).expect("the second");
        let third = admission.accept(&limits, 5, address("203.0.113.5")).map(|_| ());
        assert_eq!(third, Err(RefusedWhy::AddressHalfOpenLimit));
    }

    #[test]
    fn the_oldest_handshake_makes_room_and_those_that_are_done_do_not() {
        let (admission, limits) = (Admission::new(), limits());
        let (mut done, _) = admission.accept(&limits, 1, address("203.0.113.1")).expect("room");
        done.promote(&limits).expect("room");
        let places: Vec<_> = (2..=4u8)
            .map(|last| admission.accept(&limits, u64::from(last), IpAddr::from([203, 0, 113, last])).expect("room"))
            .collect();
        assert!(places.iter().all(|(_, evicted)| evicted.is_none()));
        let (_fifth, evicted) = admission.accept(&limits, 5, address("203.0.113.5")).expect("room is made");
        assert_eq!(evicted, Some(2));
        assert_eq!(admission.session_counts(), SessionCounts { inbound: 1, outbound: 0, half_open: 4 });
    }

    #[test]
    fn places_are_given_back() {
        let (admission, limits) = (Admission::new(), limits());
        let dialled = admission.dial(&limits, 2, address("203.0.113.1"));
        assert!(dialled.is_some());
        assert!(admission.dial(&limits, 4, address("203.0.113.1")).is_none());
        drop(dialled);
        assert!(admission.dial(&limits, 4, address("203.0.113.1")).is_some());
        let mut inbound = Vec::new();
        for session in [1, 3] {
            let (mut place, _) = admission.accept(&limits, session, address("203.0.113.1")).expect("room");
            place.promote(&limits).expect("room");
            inbound.push(place);
        }
        let third = admission.accept(&limits, 5, address("203.0.113.1")).map(|_| ());
        assert_eq!(third, Err(RefusedWhy::AddressLimit));
        inbound.clear();
        assert_eq!(admission.session_counts(), SessionCounts::default());
        assert!(admission.counts().half_open.by_address.is_empty() && admission.counts().oldest_half_open.is_empty());
    }
}
