//! The sessions that there are, and which of them serves which peer.
//!
//! What a session *is* (handshake, ready, closing) is known by its automata alone. Here is what they work with:
//! addresses, who is on the other side, and indices of the sessions that are taken and of those that are ready, kept by
//! the actions `send_ready`, `announce` and `retire`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use super::ids::SessionId;
use super::input::Now;
use crate::automata::types::OtherSession;
use crate::identity::{Entrypoint, NodeId};
use crate::name::TransportName;

/// Once a session is so old, in milliseconds, calls that its opener made together with it are over: the last address is
/// dialled within 4 s, and a handshake takes 15 s at most.
pub const SETTLED_MS: u64 = 20_000;

/// What is known of the router in front of a peer: whether it answers what comes unasked, and so takes the port of that
/// flow for itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RouterProbe {
    /// Nothing yet.
    #[default]
    Unknown,
    /// It is being found out.
    Asked,
    /// It says that nobody is there. What leaves by it later, for the same address, leaves by another port.
    Answers,
    /// It is silent, or there is none.
    Silent,
}

/// One session.
#[derive(Clone, Debug)]
pub struct Session {
    /// By which transport.
    pub transport: TransportName,
    /// The other end.
    pub remote: SocketAddr,
    /// We opened it.
    pub is_outgoing: bool,
    /// Who carries it, if another node does. It is bound to our session with that one.
    pub through: Option<NodeId>,
    /// Who has to be there, if we opened it.
    pub expected: Option<NodeId>,
    /// Who is there, once the transport has proved it.
    pub peer: Option<NodeId>,
    /// Where the peer sees us.
    pub observed: Option<Entrypoint>,
    /// What program the peer says it is.
    pub agent: String,
    /// The peer wants others to be told of it.
    pub is_listed: bool,
    /// The peer carries sessions of others.
    pub relays: bool,
    /// The port of the peer's STUN server, if it has one.
    pub stun_port: Option<u16>,
    /// The peer has proved in this very session who it is, by its PEER-ID.
    pub is_proved: bool,
    /// Packets that came by it.
    pub packets: u64,
    /// When it was opened, in milliseconds since the node was started.
    pub opened_ms: u64,
    /// When the last frame came, likewise.
    pub heard_ms: u64,
    /// When the last ping was sent, if it was not answered.
    pub pinged_ms: Option<u64>,
    /// The last round trip.
    pub round_trip_ms: Option<u32>,
    /// When the peer was told of peers last.
    pub told_peers_ms: Option<u64>,
    /// What the router in front of the peer does with what comes unasked.
    pub router: RouterProbe,
    /// It has been ready.
    pub was_ready: bool,
    /// It came about because somebody who knows both arranged it.
    pub is_by_meeting: bool,
    /// Why it ends, as far as anybody has said.
    pub ended_because: Option<String>,
}

impl Session {
    /// A session that has just been opened: by us, if it is said who is expected.
    #[must_use]
    pub fn new(transport: TransportName, remote: SocketAddr, expected: Option<NodeId>, now_ms: u64) -> Self {
        Self {
            transport,
            remote,
            is_outgoing: expected.is_some(),
            through: None,
            expected,
            peer: None,
            observed: None,
            agent: String::new(),
            is_listed: false,
            relays: false,
            stun_port: None,
            is_proved: false,
            packets: 0,
            opened_ms: now_ms,
            heard_ms: now_ms,
            pinged_ms: None,
            round_trip_ms: None,
            told_peers_ms: None,
            router: RouterProbe::Unknown,
            was_ready: false,
            is_by_meeting: false,
            ended_because: None,
        }
    }

    /// Another node carries it.
    #[must_use]
    pub fn is_carried(&self) -> bool {
        self.through.is_some()
    }

    /// When the last frame came, in milliseconds of unix time.
    #[must_use]
    pub fn heard_unix_ms(&self, now: Now) -> u64 {
        now.unix_ms.saturating_sub(now.ms.saturating_sub(self.heard_ms))
    }

    /// The other end, as an entrypoint.
    #[must_use]
    pub fn entrypoint(&self) -> Entrypoint {
        Entrypoint { transport: self.transport.clone(), address: self.remote }
    }
}

/// All sessions.
#[derive(Clone, Debug, Default)]
pub struct Sessions {
    all: BTreeMap<SessionId, Session>,
    ready: BTreeMap<NodeId, SessionId>,
    /// Those to which we have said READY; each needs room, though the peer may have yet to say it.
    taken: BTreeSet<SessionId>,
    /// New sessions that wait for an older one to prove itself: older → newer.
    contests: BTreeMap<SessionId, SessionId>,
    opened: u64,
    outgoing_limit: usize,
}

impl Sessions {
    /// None yet, and never more than so many that we have opened.
    #[must_use]
    pub fn new(outgoing_limit: usize) -> Self {
        Self { outgoing_limit, ..Self::default() }
    }

    /// We may open another one, however many others have opened.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.all.values().filter(|session| session.is_outgoing).count() < self.outgoing_limit
    }

    /// A number for a session that we open.
    pub fn next_id(&mut self) -> SessionId {
        self.opened = self.next();
        self.opened
    }

    /// The number that [`Sessions::next_id`] gives next.
    #[must_use]
    pub fn next(&self) -> SessionId {
        self.opened + 2
    }

    /// Adds a session.
    pub fn insert(&mut self, id: SessionId, session: Session) {
        self.all.insert(id, session);
    }

    /// Removes a session.
    pub fn remove(&mut self, id: SessionId) -> Option<Session> {
        self.contests.remove(&id);
        self.contests.retain(|_, newer| *newer != id);
        self.taken.remove(&id);
        self.all.remove(&id)
    }

    /// Those that others have opened and to which we have said READY.
    pub fn guests(&self) -> impl Iterator<Item = (SessionId, &Session)> {
        let taken = self.taken.iter().filter_map(|id| Some((*id, self.all.get(id)?)));
        taken.filter(|(_, session)| !session.is_outgoing)
    }

    /// We have said READY to it.
    pub fn take(&mut self, id: SessionId) {
        if self.all.contains_key(&id) {
            self.taken.insert(id);
        }
    }

    /// Its place is somebody else's from now on.
    pub fn leave(&mut self, id: SessionId) {
        self.taken.remove(&id);
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, id: SessionId) -> Option<&Session> {
        self.all.get(&id)
    }

    /// One of them.
    pub fn get_mut(&mut self, id: SessionId) -> Option<&mut Session> {
        self.all.get_mut(&id)
    }

    /// All of them, by their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (SessionId, &Session)> {
        self.all.iter().map(|(id, session)| (*id, session))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// There is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The session that serves this peer.
    #[must_use]
    pub fn ready(&self, peer: &NodeId) -> Option<SessionId> {
        self.ready.get(peer).copied()
    }

    /// Peers with a session that is ready.
    pub fn ready_peers(&self) -> impl Iterator<Item = (&NodeId, SessionId)> + Clone {
        self.ready.iter().map(|(peer, id)| (peer, *id))
    }

    /// How many are ready.
    #[must_use]
    pub fn ready_count(&self) -> usize {
        self.ready.len()
    }

    /// A session is ready. Says whether it takes the place of another one.
    pub fn announce(&mut self, peer: NodeId, id: SessionId) -> bool {
        self.ready.insert(peer, id).is_some_and(|older| older != id)
    }

    /// A session is ready no more. Says whether the peer is without one now.
    pub fn retire(&mut self, peer: &NodeId, id: SessionId) -> bool {
        self.taken.remove(&id);
        let was_it = self.ready.get(peer) == Some(&id);
        if was_it {
            self.ready.remove(peer);
        }
        was_it
    }

    /// The new session waits until the older one has proved that it lives.
    pub fn contest(&mut self, older: SessionId, newer: SessionId) {
        self.contests.insert(older, newer);
    }

    /// Who waits for this session to prove that it lives.
    pub fn contested_by(&mut self, older: SessionId) -> Option<SessionId> {
        self.contests.remove(&older)
    }

    /// The session that serves this peer, if nobody carries it.
    #[must_use]
    pub fn direct(&self, peer: &NodeId) -> Option<(SessionId, &Session)> {
        let id = self.ready(peer)?;
        self.get(id).filter(|session| !session.is_carried()).map(|session| (id, session))
    }

    /// Another session with that peer than the given one: the one that is ready, or else one in the handshake whose
    /// peer has proved who it is. Until then somebody else may be there, who has got hold of a session key.
    #[must_use]
    pub fn other(&self, id: SessionId, peer: &NodeId) -> Option<SessionId> {
        let ready = self.ready(peer).filter(|other| *other != id);
        ready.or_else(|| self.in_handshake(id, peer))
    }

    fn in_handshake(&self, id: SessionId, peer: &NodeId) -> Option<SessionId> {
        let is_another = |other: SessionId, it: &Session| other != id && it.is_proved && it.peer.as_ref() == Some(peer);
        self.iter().find(|(other, session)| is_another(*other, session)).map(|(other, _)| other)
    }

    /// How a session that proves to be with this peer stands to others with it. `me` decides, as the peer does: of two
    /// handshakes in flight the one that the larger id opened stays. Whoever opens several, by several transports, to
    /// see which is quicker, leaves it to the other side, which sees only one of them through; whoever opens one by
    /// another transport long after the first has found a better way. A session that somebody carries gives way to one
    /// that nobody has to.
    #[must_use]
    pub fn judge(&self, id: SessionId, me: &NodeId, peer: &NodeId, now_ms: u64) -> OtherSession {
        let Some(other) = self.other(id, peer) else { return OtherSession::Absent };
        let we_opened = |id| self.all.get(&id).is_some_and(|session: &Session| session.is_outgoing);
        let is_ready = self.ready(peer) == Some(other);
        let is_carried = |id| self.all.get(&id).is_some_and(Session::is_carried);
        match (is_carried(id), is_carried(other)) {
            (false, true) => return OtherSession::GivesWay,
            // The older one may be dead without anybody having seen it.
            (true, false) if is_ready => return OtherSession::MustProve,
            (true, false) => return OtherSession::PrevailsOverThis,
            _ => {}
        }
        let is_settled = |id| {
            let opened_ms = self.all.get(&id).map(|session: &Session| session.opened_ms);
            opened_ms.is_some_and(|opened_ms| now_ms >= opened_ms.saturating_add(SETTLED_MS))
        };
        let transport = |id| self.all.get(&id).map(|session: &Session| &session.transport);
        let is_same_way = transport(id) == transport(other);
        match (we_opened(id), we_opened(other)) {
            (true, true) => OtherSession::GivesWay,
            (false, false) if is_same_way || (is_ready && is_settled(other)) => OtherSession::GivesWay,
            (false, false) if !is_ready => OtherSession::PrevailsOverThis,
            _ if is_ready => OtherSession::MustProve,
            (we_opened_new, _) if we_opened_new == (me > peer) => OtherSession::GivesWay,
            _ => OtherSession::PrevailsOverThis,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(is_outgoing: bool, peer: NodeId) -> Session {
        let transport = "tcp".parse().expect("a name");
        let remote = "127.0.0.1:1".parse().expect("an address");
        Session { peer: Some(peer), is_proved: true, ..Session::new(transport, remote, is_outgoing.then_some(peer), 0) }
    }

    const SMALL: NodeId = NodeId::from_bytes([1; 32]);
    const LARGE: NodeId = NodeId::from_bytes([2; 32]);

    /// Sessions 2 (ours) and 1 (the peer's) in flight: the verdict on each of them, seen from `me`.
    fn verdicts(me: NodeId, peer: NodeId) -> (OtherSession, OtherSession) {
        let mut sessions = Sessions::default();
        sessions.insert(2, session(true, peer));
        sessions.insert(1, session(false, peer));
        (sessions.judge(2, &me, &peer, 0), sessions.judge(1, &me, &peer, 0))
    }

    #[test]
    fn of_two_handshakes_in_flight_both_sides_keep_the_one_that_the_larger_id_opened() {
        assert_eq!(verdicts(LARGE, SMALL), (OtherSession::GivesWay, OtherSession::PrevailsOverThis));
        assert_eq!(verdicts(SMALL, LARGE), (OtherSession::PrevailsOverThis, OtherSession::GivesWay));
    }

    /// Somebody with a stolen session key gets as far, and no further.
    #[test]
    fn a_session_whose_peer_has_proved_nothing_holds_off_no_other() {
        for (me, peer) in [(SMALL, LARGE), (LARGE, SMALL)] {
            for (ours, other) in [(2, 1), (1, 2)] {
                let mut sessions = Sessions::default();
                sessions.insert(ours, session(true, peer));
                sessions.insert(other, Session { is_proved: false, ..session(false, peer) });
                assert_eq!(sessions.judge(ours, &me, &peer, 0), OtherSession::Absent);
                sessions.get_mut(other).expect("it is there").is_proved = true;
                assert_ne!(sessions.judge(ours, &me, &peer, 0), OtherSession::Absent);
            }
        }
    }

    #[test]
    fn a_newer_session_by_the_same_opener_takes_the_place_of_the_old_one() {
        let mut sessions = Sessions::default();
        sessions.insert(1, session(false, LARGE));
        sessions.announce(LARGE, 1);
        sessions.insert(3, session(false, LARGE));
        assert_eq!(sessions.judge(3, &SMALL, &LARGE, 0), OtherSession::GivesWay);
    }

    #[test]
    fn of_two_ways_that_are_tried_at_once_the_first_that_comes_through_stays() {
        let over_udp = |is_outgoing, peer| Session { transport: crate::name::udp_name(), ..session(is_outgoing, peer) };
        // Whoever is called sees both, and takes the first.
        let mut sessions = Sessions::default();
        sessions.insert(1, session(false, LARGE));
        sessions.insert(3, over_udp(false, LARGE));
        assert_eq!(sessions.judge(3, &SMALL, &LARGE, 0), OtherSession::PrevailsOverThis);
        sessions.announce(LARGE, 1);
        assert_eq!(sessions.judge(3, &SMALL, &LARGE, 0), OtherSession::MustProve);
        // Much later the caller has a reason.
        assert_eq!(sessions.judge(3, &SMALL, &LARGE, SETTLED_MS - 1), OtherSession::MustProve);
        assert_eq!(sessions.judge(3, &SMALL, &LARGE, SETTLED_MS), OtherSession::GivesWay);
        // But not for having been called.
        sessions.insert(2, over_udp(true, LARGE));
        assert_eq!(sessions.judge(2, &SMALL, &LARGE, SETTLED_MS), OtherSession::MustProve);
        // Whoever calls sees the second only if the first is gone there.
        let mut sessions = Sessions::default();
        sessions.insert(2, session(true, LARGE));
        sessions.announce(LARGE, 2);
        sessions.insert(4, over_udp(true, LARGE));
        assert_eq!(sessions.judge(4, &SMALL, &LARGE, 0), OtherSession::GivesWay);
    }

    #[test]
    fn what_is_carried_gives_way_to_what_need_not_be_whoever_has_opened_it() {
        let carried =
            |is_outgoing| Session { through: Some(NodeId::from_bytes([9; 32])), ..session(is_outgoing, LARGE) };
        for (older_is_ours, newer_is_ours) in [(false, false), (false, true), (true, false), (true, true)] {
            let (older, newer) = (if older_is_ours { 2 } else { 1 }, if newer_is_ours { 4 } else { 3 });
            for is_ready in [false, true] {
                let mut sessions = Sessions::default();
                sessions.insert(older, carried(older_is_ours));
                sessions.insert(newer, session(newer_is_ours, LARGE));
                if is_ready {
                    sessions.announce(LARGE, older);
                }
                assert_eq!(sessions.judge(newer, &SMALL, &LARGE, 0), OtherSession::GivesWay);

                let mut sessions = Sessions::default();
                sessions.insert(older, session(older_is_ours, LARGE));
                sessions.insert(newer, carried(newer_is_ours));
                if is_ready {
                    sessions.announce(LARGE, older);
                }
                let expected = if is_ready { OtherSession::MustProve } else { OtherSession::PrevailsOverThis };
                assert_eq!(sessions.judge(newer, &SMALL, &LARGE, 0), expected);
            }
        }
    }

    #[test]
    fn a_ready_session_by_the_other_opener_must_prove_that_it_lives() {
        let mut sessions = Sessions::default();
        sessions.insert(1, session(false, LARGE));
        sessions.announce(LARGE, 1);
        sessions.insert(2, session(true, LARGE));
        assert_eq!(sessions.judge(2, &SMALL, &LARGE, 0), OtherSession::MustProve);
        assert!(sessions.retire(&LARGE, 1));
        sessions.remove(1);
        assert_eq!(sessions.judge(2, &SMALL, &LARGE, 0), OtherSession::Absent);
    }
}
