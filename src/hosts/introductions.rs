//! Two contacts of which neither can reach the other by itself meet through a node that both know, and that both are
//! connected with: it tells each where it sees the other, and both dial at once, so that each router lets the other in.
//!
//! Only nodes that our user has named are asked for such a meeting, and believed: others would learn whom we know.

use std::net::SocketAddr;

use crate::automata::senders::gateway;
use crate::automata::system::System;
use crate::identity::{Entrypoint, NodeId};
use crate::name::udp_name;
use crate::wire::{Frame, Meeting};
use crate::world::{Introduction, Session, SessionId, World};

/// Nodes that are asked for one meeting, at most.
const GO_BETWEENS: usize = 3;

/// Meetings that are asked for when a node is here that can arrange them, at most.
const MEETINGS: usize = 8;

/// A session that comes about so soon after a meeting was arranged came about by it.
const MEETING_MS: u64 = 20_000;

/// The port of a node of which no other one is known.
const USUAL_PORT: u16 = 7772;

fn is_wanted(world: &World, peer: &NodeId) -> bool {
    world.contacts.contains(peer) && !world.refused.contains(peer) && world.sessions.direct(peer).is_none()
}

/// Our user has named the peer of that session.
fn is_believed(world: &World, id: SessionId) -> bool {
    world.sessions.get(id).and_then(|session| session.peer).is_some_and(|peer| world.is_friend(&peer))
}

fn has_way(world: &World, system: &System) -> bool {
    world.is_service_on(system, "udp-connections")
}

/// A session with that peer is wanted: whoever is here and knows both may help.
pub fn ask(world: &mut World, system: &System, peer: NodeId) {
    if !has_way(world, system) || !is_wanted(world, &peer) {
        return;
    }
    let friends = world.sessions.ready_peers().filter(|(friend, _)| world.is_friend(friend) && **friend != peer);
    let sessions: Vec<SessionId> = friends.map(|(_, session)| session).take(GO_BETWEENS).collect();
    for session in sessions {
        world.send_frame(session, Frame::Introduce(peer));
    }
}

/// Somebody is here who may know those whom we want and do not reach.
pub fn look_for_others(world: &mut World, system: &System, friend: NodeId) {
    let Some(session) = world.sessions.ready(&friend).filter(|_| world.is_friend(&friend)) else { return };
    if !has_way(world, system) {
        return;
    }
    let wanted = world.contacts.iter().filter(|peer| **peer != friend && is_wanted(world, peer));
    let wanted: Vec<NodeId> = wanted.filter(|peer| system.peer_link.get(peer).is_some()).copied().collect();
    for peer in wanted.into_iter().take(MEETINGS) {
        world.send_frame(session, Frame::Introduce(peer));
    }
}

/// The peer of a session asks for somebody who may be here.
pub fn introduce(world: &mut World, id: SessionId, target: NodeId) {
    let Some(asker) = world.sessions.get(id).and_then(|session| session.peer) else { return };
    let is_refused = world.refused.contains(&target) || world.refused.contains(&asker);
    let Some(other) = world.sessions.ready(&target).filter(|_| target != asker && !is_refused) else { return };
    match world.introductions.ask(asker, target, world.now.ms) {
        Introduction::Tell => world.send_frame(other, Frame::Sought(asker)),
        Introduction::Meet { larger_first } => {
            let (Some(of_asker), Some(of_target)) = (udp_address(world, id), udp_address(world, other)) else { return };
            let first = larger_first == (asker > target);
            world.send_frame(id, Frame::Meet(Meeting { peer: target, at: of_target, first }));
            world.send_frame(other, Frame::Meet(Meeting { peer: asker, at: of_asker, first: !first }));
        }
        Introduction::Nothing => {}
    }
}

/// Where the peer of a session can be reached over UDP, as far as we see it ourselves: where its session comes from, or
/// the port that it names at the same IP. If it names none there, its router uses a port for each whom it speaks to;
/// then only the IP is right, which is enough for a router that lets in whoever is at an address that it has sent to.
fn udp_address(world: &World, id: SessionId) -> Option<Entrypoint> {
    let session = world.sessions.get(id).filter(|session| !session.is_carried())?;
    if session.transport == udp_name() {
        return Some(session.entrypoint());
    }
    let known = world.peers.get(&session.peer?)?.entrypoints.iter().map(|known| &known.entrypoint);
    let of_udp: Vec<&Entrypoint> = known.filter(|it| it.transport == udp_name()).collect();
    let ip = session.remote.ip().to_canonical();
    let there = of_udp.iter().find(|it| it.address.ip().to_canonical() == ip);
    let port = there.or(of_udp.first()).map_or(USUAL_PORT, |it| it.address.port());
    Some(Entrypoint { transport: udp_name(), address: SocketAddr::new(ip, port) })
}

/// Somebody asks for us.
pub fn sought(world: &mut World, system: &System, id: SessionId, by: NodeId) {
    if is_believed(world, id) && has_way(world, system) && is_wanted(world, &by) {
        world.send_frame(id, Frame::Introduce(by));
    }
}

/// We are told where somebody is whom we asked for, and who is about to dial us.
pub fn meet(world: &mut World, system: &System, id: SessionId, meeting: Meeting) {
    let Meeting { peer, at, first } = meeting;
    let may_be_dialled = at.transport == udp_name() && (at.is_public() || world.peers.is_private_network());
    if is_believed(world, id) && may_be_dialled && has_way(world, system) && is_wanted(world, &peer) {
        world.meetings.insert(peer, world.now.ms);
        world.tell_if_there(system, gateway::peer_link::met(peer, at, first));
    }
}

/// Whether a session came about by a meeting.
pub fn is_by_meeting(world: &mut World, peer: &NodeId, session: &Session) -> bool {
    let now_ms = world.now.ms;
    world.meetings.retain(|_, met_ms| now_ms < met_ms.saturating_add(MEETING_MS));
    session.transport == udp_name() && world.meetings.contains_key(peer)
}
