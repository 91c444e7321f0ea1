//! HELLO, PEER-ID, READY: what the automaton sends goes out as frames; what other sessions with the same peer mean is
//! answered from the table.

use automata_runtime::Milliseconds;

use crate::automata::peer_protocol::{Conditions, Inside as Action};
use crate::automata::senders::{gateway, handshake, peers};
use crate::automata::system::System;
use crate::automata::types::{OtherSession, Refusal, Room};
use crate::identity::NodeId;
use crate::wire::{Frame, Meeting, PeerHint};
use crate::world::clocks;
use crate::world::{Counters, Purpose, Session, SessionId, VIOLATION_POINTS, World};

use super::connections::{self, Told};
use super::{introductions, message_delivery, packets, read_receipts, relay_circuit, stun_client};
use crate::peers::PeerSource;

impl Conditions for World {
    fn misbehaved(&mut self, _: &SessionId, peer: &NodeId) -> bool {
        self.peers.get(peer).is_some_and(|known| known.misbehaviour.is_refused_at(self.now.unix_ms))
    }

    fn told_peers_lately(&mut self, session: &SessionId, interval: Milliseconds) -> bool {
        let told_ms = self.sessions.get(*session).and_then(|session| session.told_peers_ms);
        told_ms.is_some_and(|told_ms| self.now.ms < told_ms.saturating_add(interval.0))
    }

    fn address_misbehaved(&mut self, session: &SessionId) -> bool {
        let Some(session) = self.sessions.get(*session) else { return false };
        let is_friend = session.peer.is_some_and(|peer| self.is_friend(&peer));
        // The address of a session that is carried is that of the node which carries it.
        !is_friend
            && !session.is_outgoing
            && !session.is_carried()
            && self.offenders.is_refused_at(session.remote.ip(), self.now.unix_ms)
    }

    fn outgoing(&mut self, session: &SessionId) -> bool {
        self.sessions.get(*session).is_some_and(|session| session.is_outgoing)
    }

    fn room(&mut self, session: &SessionId) -> Room {
        // There was a place for a session of ours when it was dialled.
        if self.outgoing(session) { Room::Free } else { self.place_for(*session).0 }
    }

    fn other_session(&mut self, session: &SessionId) -> OtherSession {
        let peer = self.sessions.get(*session).and_then(|session| session.peer);
        peer.map_or(OtherSession::Absent, |peer| self.sessions.judge(*session, &self.me, &peer, self.now.ms))
    }

    fn expected(&mut self, session: &SessionId, peer: &NodeId) -> bool {
        self.sessions.get(*session).is_some_and(|session| {
            session.peer.as_ref() == Some(peer) && session.expected.is_none_or(|expected| expected == *peer)
        })
    }

    fn myself(&mut self, _: &SessionId, peer: &NodeId) -> bool {
        *peer == self.me
    }
}

/// Performs an action of the session.
pub fn perform(world: &mut World, system: &System, session: SessionId, action: Action) {
    match action {
        Action::NoteGreeting { observed, agent, listed } => {
            if let Some(session) = world.sessions.get_mut(session) {
                (session.observed, session.agent, session.is_listed) = (observed, agent, listed);
            }
        }
        Action::MakeRoom => {
            if let (_, Some(least_useful)) = world.place_for(session) {
                // It counts no longer, and makes room for nobody else.
                world.sessions.leave(least_useful);
                world.tell_if_there(system, gateway::peer_protocol::close(least_useful, Refusal::LimitReached));
            }
        }
        Action::SendReady => {
            world.sessions.take(session);
            world.send_frame(session, Frame::Ready);
        }
        Action::SendPing => {
            let now_ms = world.now.ms;
            if let Some(session) = world.sessions.get_mut(session) {
                session.pinged_ms = Some(now_ms);
            }
            world.send_frame(session, Frame::Ping(now_ms));
        }
        Action::SendPong { nonce } => world.send_frame(session, Frame::Pong(nonce)),
        Action::Refuse { reason } => refuse(world, session, reason),
        Action::CloseSession => {
            connections::tell(world, system, session, Told::Disconnect);
        }
        Action::NoteRefusal { reason } => {
            Counters::count(&mut world.counters.refused_by_peers, reason);
            let why = told(world, session, reason);
            if let Some(session) = world.sessions.get_mut(session) {
                session.ended_because =
                    Some(why.unwrap_or_else(|| format!("the other node refused: {}", reason.in_words())));
            }
        }
        Action::ChallengeOther { peer } => match peer.and_then(|peer| world.sessions.ready(&peer)) {
            Some(older) => {
                world.sessions.contest(older, session);
                world.tell(gateway::peer_protocol::prove_alive(older));
            }
            None => world.tell(gateway::peer_protocol::other_gone(session)),
        },
        Action::ReplaceOther { peer } => {
            if let Some(other) = peer.and_then(|peer| world.sessions.other(session, &peer)) {
                world.tell_if_there(system, gateway::peer_protocol::replaced(other));
            }
        }
        Action::ConfirmAlive { .. } => {
            if let Some(newer) = world.sessions.contested_by(session) {
                world.tell(gateway::peer_protocol::other_answered(newer));
            }
        }
        Action::Announce { peer } => {
            if let Some(peer) = peer {
                announce(world, system, session, peer);
            }
        }
        Action::Retire { peer } => {
            if let Some(peer) = peer
                && world.sessions.retire(&peer, session)
            {
                lost(world, system, peer);
            }
        }
        Action::AskForPeers => world.send_frame(session, Frame::GetPeers),
        Action::TellPeers => tell_peers(world, session),
        Action::NoteAnswer { nonce } => note_answer(world, system, session, nonce),
        Action::LearnEntrypoints { peer, entrypoints, relays } => {
            if let Some(session) = world.sessions.get_mut(session) {
                session.is_proved = true;
                session.relays = relays;
                let server = entrypoints.iter().find(|entrypoint| entrypoint.is_stun());
                session.stun_port = server.map(|server| server.address.port());
            }
            world.learn(peer, &entrypoints, PeerSource::Itself);
        }
        Action::LearnPeers { hints } => learn_peers(world, system, session, &hints),
        Action::Introduce { target } => introductions::introduce(world, session, target),
        Action::AnswerSeeker { by } => introductions::sought(world, system, session, by),
        Action::Meet { peer, at, first } => introductions::meet(world, system, session, Meeting { peer, at, first }),
        Action::PassOn { packet } => packets::receive(world, system, session, packet),
        Action::NoteViolation { detail } => note_violation(world, session, &detail),
    }
}

fn announce(world: &mut World, system: &System, session: SessionId, peer: NodeId) {
    let dialled = world.sessions.get(session).filter(|it| it.is_outgoing && !it.is_carried()).map(Session::entrypoint);
    let is_listed = world.sessions.get_mut(session).is_some_and(|session| {
        session.was_ready = true;
        session.is_listed
    });
    let by_meeting = world.sessions.get(session).cloned().filter(|it| introductions::is_by_meeting(world, &peer, it));
    if let Some(session) = world.sessions.get_mut(session) {
        session.is_by_meeting = by_meeting.is_some();
    }
    let now_unix_ms = world.now.unix_ms;
    if let Some(incoming) = world.sessions.get(session).filter(|session| !session.is_outgoing) {
        // Whoever is carried shows nothing of how others reach us.
        if !incoming.is_carried() {
            let from_internet = incoming.entrypoint().is_public().then_some(now_unix_ms);
            world.came_in_unix_ms = (Some(now_unix_ms), from_internet.or(world.came_in_unix_ms.1));
        }
        world.identity.stabilities.came_in(&incoming.transport, now_unix_ms);
    }
    world.peers.connected(peer, dialled.as_ref(), now_unix_ms);
    world.peers.entry(peer, PeerSource::Itself, now_unix_ms).listed = is_listed;
    world.remember_peer(&peer);
    // If the peer's READY was there already, the older session has yet to hear that it is replaced; what was on its way
    // by it is lost all the same.
    if world.sessions.announce(peer, session) {
        lost(world, system, peer);
    }
    found(world, system, peer);
}

fn tell_peers(world: &mut World, id: SessionId) {
    let now_ms = world.now.ms;
    if let Some(session) = world.sessions.get_mut(id)
        && let Some(peer) = session.peer
    {
        session.told_peers_ms = Some(now_ms);
        let chance = world.numbers.chance();
        let hints = world.peers.hints(&peer, chance);
        world.send_frame(id, Frame::Peers(hints));
    }
}

fn learn_peers(world: &mut World, system: &System, id: SessionId, hints: &[PeerHint]) {
    let Some(peer) = world.sessions.get(id).and_then(|session| session.peer) else { return };
    // Nobody makes us dial a contact by naming an address of theirs; those come from our user, and from themselves.
    for hint in hints {
        if world.is_friend(&hint.id) || world.refused.contains(&hint.id) {
            continue;
        }
        if world.learn(hint.id, &hint.entrypoints, PeerSource::Peer(peer)) {
            world.tell_if_there(system, peers::peer_link::address_learnt(hint.id));
        }
    }
}

/// A PONG came. Only that to the last PING counts, which says when it was sent.
fn note_answer(world: &mut World, system: &System, id: SessionId, nonce: u64) {
    let Some(session) = world.sessions.get_mut(id).filter(|session| session.pinged_ms == Some(nonce)) else { return };
    session.pinged_ms = None;
    let round_trip_ms = u32::try_from(world.now.ms.saturating_sub(nonce)).unwrap_or(u32::MAX);
    session.round_trip_ms = Some(round_trip_ms);
    world.identity.stabilities.round_trip(&session.transport, round_trip_ms);
    if let Some(peer) = session.peer {
        let known = world.peers.entry(peer, PeerSource::Itself, world.now.unix_ms);
        known.measured(u64::from(round_trip_ms) * 1000);
        read_receipts::answered(world, system, peer, nonce);
    }
}

fn note_violation(world: &mut World, session: SessionId, detail: &str) {
    world.counters.violations += 1;
    if let Some(session) = world.sessions.get_mut(session) {
        session.ended_because = Some(format!("the peer violated the protocol: {detail}"));
    }
    let now_unix_ms = world.now.unix_ms;
    let Some(session) = world.sessions.get(session) else { return };
    match session.peer.filter(|_| session.is_proved) {
        Some(peer) => {
            world.peers.entry(peer, PeerSource::Itself, now_unix_ms).misbehaviour.add(VIOLATION_POINTS, now_unix_ms);
            world.remember_peer(&peer);
        }
        // It may be anybody who has got hold of a session key, at the address of who carries the session.
        None if session.is_carried() => {}
        // It may be anybody who has got hold of a session key.
        None => world.offenders.add(session.remote.ip(), VIOLATION_POINTS, now_unix_ms),
    }
}

/// A peer has no session any more: whatever awaited its answers will not get them.
fn lost(world: &mut World, system: &System, peer: NodeId) {
    for purpose in world.acknowledgements.forget(Some(&peer), None) {
        let told = match purpose {
            Purpose::Contact => handshake::contact_status::send_failed(peer),
            Purpose::Propagation => handshake::p2p_connector::my_id_answered(),
        };
        world.tell_if_there(system, told);
    }
    world.tell_if_there(system, gateway::contact_status::session_closed(peer));
    world.tell_if_there(system, gateway::read_receipts::session_lost(peer));
    world.tell_if_there(system, gateway::stun_client::end(peer));
    message_delivery::session_lost(world, system, &peer);
}

/// A peer has a session now.
fn found(world: &mut World, system: &System, peer: NodeId) {
    world.tell_if_there(system, gateway::contact_status::session_opened(peer));
    world.tell_if_there(system, gateway::peer_link::session_ready(peer));
    world.tell_if_there(system, gateway::reachability::session_opened(peer));
    stun_client::look_after(world, system, peer);
    introductions::look_for_others(world, system, peer);
    relay_circuit::tell_links(world, system, &peer);
}

/// What the user is told of a refusal, given or received, for a reason that is for people to mend.
fn told(world: &World, session: SessionId, reason: Refusal) -> Option<String> {
    match reason {
        Refusal::WrongNetwork => Some(format!("it is in another network than yours (`{}`)", world.network)),
        Refusal::ClocksApart => {
            let ahead_ms = world.clocks.apart(&world.sessions.get(session)?.peer?, world.now)?;
            Some(format!("its clock is {} ours; one of the two is wrong", clocks::in_words(ahead_ms)))
        }
        _ => None,
    }
}

/// Tells a peer why we do not take it, and counts it.
fn refuse(world: &mut World, session: SessionId, reason: Refusal) {
    Counters::count(&mut world.counters.refused, reason);
    let why = told(world, session, reason);
    if let Some(session) = world.sessions.get_mut(session) {
        session
            .ended_because
            .get_or_insert_with(|| why.unwrap_or_else(|| format!("your node refused: {}", reason.in_words())));
    }
    world.send_frame(session, Frame::Refused(reason));
}
