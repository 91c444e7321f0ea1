//! HELLO, PEER-ID, READY: what the automaton sends goes out as frames; what other sessions with the same peer mean is answered from the table.

use automata_runtime::Milliseconds;

use crate::automata::peer_protocol::{Action, Conditions};
use crate::automata::senders::{gateway, handshake, peers};
use crate::automata::system::System;
use crate::automata::types::{OtherSession, Refusal};
use crate::identity::NodeId;
use crate::world::{Counters, FrameContent, OutgoingFrame, Purpose, Session, SessionId, VIOLATION_POINTS, World};

use super::{message_delivery, packets};
use crate::peers::PeerSource;

impl Conditions for World {
    fn misbehaved(&mut self, _: &SessionId, peer: &NodeId) -> bool {
        self.peers.get(peer).is_some_and(|known| known.misbehaviour.is_refused_at(self.now.unix_ms))
    }

    fn told_peers_lately(&mut self, session: &SessionId, interval: Milliseconds) -> bool {
        let told_ms = self.sessions.get(*session).and_then(|session| session.told_peers_ms);
        told_ms.is_some_and(|told_ms| self.now.ms < told_ms.saturating_add(interval.0))
    }

    fn session_limit_reached(&mut self, _: &SessionId) -> bool {
        self.sessions.taken_count() >= self.session_limit
    }

    fn other_session(&mut self, session: &SessionId, peer: &NodeId) -> OtherSession {
        self.sessions.judge(*session, &self.me, peer)
    }
}

/// Performs an action of the session.
pub fn perform(world: &mut World, system: &System, session: SessionId, action: Action) {
    match action {
        Action::SendHello => {
            if let Some(observed) = world.sessions.get(session).map(Session::entrypoint) {
                world.send_frame(session, OutgoingFrame::Hello { observed });
            }
        }
        Action::SendPeerId => world.send_frame(session, OutgoingFrame::PeerId),
        Action::SendReady => {
            world.sessions.take(session);
            world.send_frame(session, OutgoingFrame::Ready);
        }
        Action::SendPing => {
            let now_ms = world.now.ms;
            if let Some(session) = world.sessions.get_mut(session) {
                session.pinged_ms = Some(now_ms);
            }
            world.send_frame(session, OutgoingFrame::Ping(now_ms));
        }
        Action::SendPong { nonce } => world.send_frame(session, OutgoingFrame::Pong(nonce)),
        Action::Refuse { reason } => refuse(world, session, reason),
        Action::CloseSession => {
            world.tell_if_there(system, gateway::tcp_connection::disconnect(session));
        }
        Action::NoteRefusal { reason } => {
            Counters::count(&mut world.counters.refused_by_peers, reason);
            if let Some(session) = world.sessions.get_mut(session) {
                session.ended_because = Some(format!("the peer refused: {reason:?}"));
            }
        }
        Action::ChallengeOther { peer } => match world.sessions.ready(&peer) {
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
        Action::AskForPeers => world.send_frame(session, OutgoingFrame::GetPeers),
        Action::TellPeers => tell_peers(world, session),
        Action::LearnPeers => learn_peers(world, system, session),
        Action::PassOn => {
            if let Some(FrameContent::Packet(packet)) = world.take_arriving(session) {
                packets::receive(world, system, session, packet);
            }
        }
        Action::NoteViolation => note_violation(world, session),
    }
}

fn announce(world: &mut World, system: &System, session: SessionId, peer: NodeId) {
    let dialled = world.sessions.get(session).filter(|it| it.is_outgoing).map(Session::entrypoint);
    if let Some(session) = world.sessions.get_mut(session) {
        session.was_ready = true;
    }
    let now_unix_ms = world.now.unix_ms;
    world.peers.connected(peer, dialled.as_ref(), now_unix_ms);
    world.remember_peer(&peer);
    // If the peer's READY was there already, the older session has yet to hear that it is replaced; what was on its way by it is lost all the same.
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
        let hints = world.peers.hints(&peer);
        world.send_frame(id, OutgoingFrame::Peers(hints));
    }
}

fn learn_peers(world: &mut World, system: &System, id: SessionId) {
    let Some(peer) = world.sessions.get(id).and_then(|session| session.peer) else { return };
    let Some(FrameContent::Peers(hints)) = world.take_arriving(id) else { return };
    for (named, entrypoints) in hints {
        if world.learn(named, &entrypoints, PeerSource::Peer(peer)) {
            world.tell_if_there(system, peers::peer_link::address_learnt(named));
        }
    }
}

fn note_violation(world: &mut World, session: SessionId) {
    world.counters.violations += 1;
    let now_unix_ms = world.now.unix_ms;
    if let Some(peer) = world.sessions.get(session).and_then(|session| session.peer) {
        world.peers.entry(peer, PeerSource::Itself, now_unix_ms).misbehaviour.add(VIOLATION_POINTS, now_unix_ms);
        world.remember_peer(&peer);
    }
}

/// A peer has no session any more: what waited for its answers waits in vain.
fn lost(world: &mut World, system: &System, peer: NodeId) {
    for purpose in world.handshakes.forget(Some(&peer), None) {
        let told = match purpose {
            Purpose::Contact => handshake::contact_status::send_failed(peer),
            Purpose::Propagation => handshake::p2p_connector::my_id_answered(),
        };
        world.tell_if_there(system, told);
    }
    world.tell_if_there(system, gateway::contact_status::session_closed(peer));
    message_delivery::session_lost(world, system, &peer);
}

/// A peer has a session now.
fn found(world: &mut World, system: &System, peer: NodeId) {
    world.tell_if_there(system, gateway::contact_status::session_opened(peer));
    world.tell_if_there(system, gateway::peer_link::session_ready(peer));
    world.tell_if_there(system, gateway::reachability::session_opened(peer));
}

/// Tells a peer why we do not take it, and counts it.
fn refuse(world: &mut World, session: SessionId, reason: Refusal) {
    Counters::count(&mut world.counters.refused, reason);
    if let Some(session) = world.sessions.get_mut(session) {
        session.ended_because = Some(format!("we refused: {reason:?}"));
    }
    world.send_frame(session, OutgoingFrame::Refused(reason));
}
