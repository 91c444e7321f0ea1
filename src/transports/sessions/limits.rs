//! What a transport allows, and the count of who is there.
//!
//! Connections that nobody has admitted yet are counted apart from those that are to last, so that a flood of the
//! former cannot use up the places of the latter; who has those is not decided here. When there are too many of them
//! the oldest of the largest network makes room: it had its time, and an honest newcomer needs only some round trips,
//! so it gets through a flood that a rule of "first come" would let it starve in.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::bulk::BULK_STREAMS_AT_THE_MOST;
use crate::household::Household;
use crate::transports::{RefusedWhy, SessionNumber};
use crate::wire::{BULK_STREAMS, FRAME_BYTES};

/// What a transport allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Sessions that this side opened, those that are still being opened included.
    pub outbound: usize,
    /// The same, to one address: an IPv4 address, or an IPv6 network of 64 bits.
    pub outbound_per_address: usize,
    /// Connections that are accepted of one address in a second, after a first [`ACCEPTED_AT_ONCE`].
    pub accepted_per_second: usize,
    /// Connections of others that are not admitted yet.
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
            outbound: 60,
            outbound_per_address: 8,
            accepted_per_second: 5,
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
            bulk_streams: BULK_STREAMS,
        }
    }
}

impl Limits {
    /// Bulk streams of a session in each direction.
    pub(in crate::transports) fn bulk_streams(&self) -> usize {
        self.bulk_streams.min(BULK_STREAMS_AT_THE_MOST)
    }
}

/// Connections of one address that are accepted at once.
pub const ACCEPTED_AT_ONCE: usize = 60;

/// Addresses of which it is remembered how fast they came, at most. Those that come slowly are forgotten first.
const REMEMBERED_PACES: usize = 4_096;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Inbound,
    Outbound,
}

#[derive(Debug, Default)]
struct Counts {
    half_open: Count,
    inbound: Count,
    outbound: Count,
    /// Sessions that are not admitted yet.
    half_open_sessions: HashMap<SessionNumber, Household>,
    /// Those of them that may have to make room, the oldest first.
    oldest_half_open: VecDeque<SessionNumber>,
    /// When each address has used up what it came with too early, in microseconds since the start.
    paces: HashMap<Household, u64>,
}

impl Counts {
    /// The session that has to make room: of the largest group of neighbouring addresses, the oldest. So a flood from a
    /// few networks, however many addresses they have, ends its own handshakes and not those of others.
    fn makes_room(&mut self) -> Option<SessionNumber> {
        let network = |session: &SessionNumber| self.half_open_sessions.get(session).map(|group| group.network());
        let mut sizes: HashMap<IpAddr, usize> = HashMap::new();
        for network in self.oldest_half_open.iter().filter_map(network) {
            *sizes.entry(network).or_default() += 1;
        }
        let largest = sizes.values().copied().max()?;
        let is_of_largest = |session| network(session).is_some_and(|network| sizes.get(&network) == Some(&largest));
        let place = self.oldest_half_open.iter().position(is_of_largest)?;
        self.oldest_half_open.remove(place)
    }

    /// Whether another connection of that address is in time (the generic cell rate algorithm, ITU-T I.371).
    fn is_in_time(&mut self, limits: &Limits, group: Household, now_us: u64) -> bool {
        let interval_us = 1_000_000 / u64::try_from(limits.accepted_per_second.max(1)).unwrap_or(u64::MAX);
        let at_once_us = interval_us * ACCEPTED_AT_ONCE as u64;
        if self.paces.len() >= REMEMBERED_PACES && !self.paces.contains_key(&group) {
            self.paces.retain(|_, due_us| *due_us > now_us);
            if self.paces.len() >= REMEMBERED_PACES {
                let slowest = self.paces.iter().min_by_key(|(_, due_us)| **due_us).map(|(group, _)| *group);
                slowest.map(|group| self.paces.remove(&group));
            }
        }
        let due_us = self.paces.entry(group).or_default();
        let next_us = now_us.max(*due_us) + interval_us;
        if next_us > now_us + at_once_us {
            return false;
        }
        *due_us = next_us;
        true
    }
}

#[derive(Debug, Default)]
struct Count {
    all: usize,
    by_address: HashMap<Household, usize>,
}

impl Count {
    fn of(&self, group: Household) -> usize {
        self.by_address.get(&group).copied().unwrap_or(0)
    }

    fn add(&mut self, group: Household) {
        self.all += 1;
        *self.by_address.entry(group).or_default() += 1;
    }

    fn remove(&mut self, group: Household) {
        self.all -= 1;
        if let Some(count) = self.by_address.get_mut(&group) {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&group);
            }
        }
    }
}

/// How many sessions there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionCounts {
    /// Opened by others, and admitted.
    pub inbound: usize,
    /// Opened by this side.
    pub outbound: usize,
    /// Opened by others, and not admitted yet.
    pub half_open: usize,
}

/// The count of the sessions of a transport.
#[derive(Debug)]
pub(in crate::transports) struct Admission {
    counts: Mutex<Counts>,
    started: Instant,
}

/// A place among the sessions, given back when this is dropped.
#[derive(Debug)]
pub(in crate::transports) struct Place {
    admission: Arc<Admission>,
    session: SessionNumber,
    group: Household,
    kind: Kind,
}

impl Admission {
    pub(in crate::transports) fn new() -> Arc<Self> {
        Arc::new(Self { counts: Mutex::default(), started: Instant::now() })
    }

    pub(in crate::transports) fn session_counts(&self) -> SessionCounts {
        let counts = self.counts();
        SessionCounts { inbound: counts.inbound.all, outbound: counts.outbound.all, half_open: counts.half_open.all }
    }

    /// A place for a connection that was accepted; with it the session that has to make room, if one has.
    pub(in crate::transports) fn accept(
        self: &Arc<Self>,
        limits: &Limits,
        session: SessionNumber,
        from: IpAddr,
    ) -> Result<(Place, Option<SessionNumber>), RefusedWhy> {
        let group = Household::of(from);
        let mut counts = self.counts();
        let now_us = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        if !counts.is_in_time(limits, group, now_us) {
            return Err(RefusedWhy::AddressRate);
        }
        if counts.half_open.of(group) >= limits.half_open_per_address {
            return Err(RefusedWhy::AddressHalfOpenLimit);
        }
        // Those that had to make room go in a moment; should they not, there is an end to it.
        if counts.half_open.all >= limits.half_open.saturating_mul(2) {
            return Err(RefusedWhy::HalfOpenLimit);
        }
        let evicted = if counts.half_open.all >= limits.half_open {
            Some(counts.makes_room().ok_or(RefusedWhy::HalfOpenLimit)?)
        } else {
            None
        };
        counts.half_open.add(group);
        counts.half_open_sessions.insert(session, group);
        counts.oldest_half_open.push_back(session);
        Ok((self.place(session, group, Kind::Inbound), evicted))
    }

    /// Whether a call may be taken without proof that its sender is where it says: nobody else of that address is at
    /// it, and few are in all. Only a socket of UDP has to ask.
    pub(in crate::transports) fn is_calm(&self, limits: &Limits, from: IpAddr) -> bool {
        let counts = self.counts();
        counts.half_open.of(Household::of(from)) == 0 && counts.half_open.all * 4 < limits.half_open
    }

    /// A place for a session that this side opens; `None` at the limits.
    pub(in crate::transports) fn dial(
        self: &Arc<Self>,
        limits: &Limits,
        session: SessionNumber,
        to: IpAddr,
    ) -> Option<Place> {
        let group = Household::of(to);
        let mut counts = self.counts();
        if counts.outbound.all >= limits.outbound || counts.outbound.of(group) >= limits.outbound_per_address {
            return None;
        }
        counts.outbound.add(group);
        Some(self.place(session, group, Kind::Outbound))
    }

    /// A session that somebody else has opened is to last, and makes no room any more.
    pub(in crate::transports) fn admit(&self, session: SessionNumber) {
        let mut counts = self.counts();
        if let Some(group) = counts.half_open_sessions.remove(&session) {
            counts.half_open.remove(group);
            counts.oldest_half_open.retain(|other| *other != session);
            counts.inbound.add(group);
        }
    }

    /// The same, or why there is none.
    pub(in crate::transports) fn dial_or_say(
        self: &Arc<Self>,
        limits: &Limits,
        session: SessionNumber,
        to: IpAddr,
    ) -> Result<Place, String> {
        self.dial(limits, session, to).ok_or_else(|| {
            let (all, of_address) = (limits.outbound, limits.outbound_per_address);
            format!("no room to dial: there may be {all} outgoing sessions, and {of_address} to one address")
        })
    }

    fn place(self: &Arc<Self>, session: SessionNumber, group: Household, kind: Kind) -> Place {
        Place { admission: Arc::clone(self), session, group, kind }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        // The counts are whole after each statement, so a panic elsewhere does not spoil them.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.admission.counts();
        match self.kind {
            Kind::Outbound => counts.outbound.remove(self.group),
            Kind::Inbound if counts.half_open_sessions.remove(&self.session).is_some() => {
                counts.half_open.remove(self.group);
                counts.oldest_half_open.retain(|session| *session != self.session);
            }
            Kind::Inbound => counts.inbound.remove(self.group),
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
        Limits { outbound: 2, outbound_per_address: 1, half_open: 3, half_open_per_address: 2, ..Limits::default() }
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
    fn an_address_comes_as_fast_as_it_may_and_does_not_hold_up_others() {
        let (mut counts, limits) = (Counts::default(), Limits { accepted_per_second: 5, ..Limits::default() });
        let group = |text| Household::of(address(text));
        let at_once = |counts: &mut Counts, text, now_us| {
            (0..1_000).filter(|_| counts.is_in_time(&limits, group(text), now_us)).count()
        };
        assert_eq!(at_once(&mut counts, "203.0.113.1", 7), ACCEPTED_AT_ONCE);
        assert_eq!(at_once(&mut counts, "203.0.113.2", 7), ACCEPTED_AT_ONCE);
        assert_eq!(at_once(&mut counts, "203.0.113.1", 1_000_007), 5);
        for number in 0..2 * REMEMBERED_PACES {
            let [.., a, b] = number.to_be_bytes();
            assert!(counts.is_in_time(&limits, Household::of(IpAddr::from([10, 0, a, b])), 1_000_007));
        }
        assert!(counts.paces.len() <= REMEMBERED_PACES);
        assert_eq!(at_once(&mut counts, "203.0.113.1", 1_000_007), 0, "a crowd does not make it forgotten");
    }

    #[test]
    fn the_oldest_handshake_makes_room_and_those_that_are_done_do_not() {
        let (admission, limits) = (Admission::new(), limits());
        let (_done, _) = admission.accept(&limits, 1, address("203.0.113.1")).expect("room");
        admission.admit(1);
        let places: Vec<_> = (2..=4u8)
            .map(|last| admission.accept(&limits, u64::from(last), IpAddr::from([203, 0, 113, last])).expect("room"))
            .collect();
        assert!(places.iter().all(|(_, evicted)| evicted.is_none()));
        let (_fifth, evicted) = admission.accept(&limits, 5, address("203.0.113.5")).expect("room is made");
        assert_eq!(evicted, Some(2));
        assert_eq!(admission.session_counts(), SessionCounts { inbound: 1, outbound: 0, half_open: 4 });
    }

    #[test]
    fn a_flood_from_one_network_ends_no_handshake_of_another() {
        let (admission, limits) = (Admission::new(), Limits { half_open: 8, ..limits() });
        let (_honest, _) = admission.accept(&limits, 1, address("203.0.113.1")).expect("room");
        let mut flood = Vec::new();
        for number in 1..200_u8 {
            let from = IpAddr::from([0x2001, 0xdb8, 7, u16::from(number), 0, 0, 0, 1]);
            let (place, evicted) = admission.accept(&limits, 2 * u64::from(number) + 1, from).expect("room is made");
            assert_ne!(evicted, Some(1));
            flood.push((place, evicted));
            // Those that had to go go.
            if let Some(evicted) = evicted {
                flood.retain(|(place, _)| place.session != evicted);
            }
        }
        assert_eq!(admission.session_counts().half_open, 8);
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
            inbound.push(admission.accept(&limits, session, address("203.0.113.1")).expect("room"));
            admission.admit(session);
            admission.admit(session);
        }
        assert_eq!(admission.session_counts(), SessionCounts { inbound: 2, outbound: 0, half_open: 0 });
        inbound.push(admission.accept(&limits, 5, address("203.0.113.1")).expect("those are admitted"));
        drop(admission.dial(&limits, 6, address("203.0.113.1")));
        inbound.clear();
        assert_eq!(admission.session_counts(), SessionCounts::default());
        assert!(admission.counts().half_open.by_address.is_empty() && admission.counts().oldest_half_open.is_empty());
    }
}
