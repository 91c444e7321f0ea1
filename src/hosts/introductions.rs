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
use crate::world::{ArrangedMeeting, Command, Introduction, RouterProbe, Session, SessionId, World};

/// Nodes that are asked for one meeting, at most.
const GO_BETWEENS: usize = 3;

/// Meetings that are asked for when a node is here that can arrange them, at most.
const MEETINGS: usize = 8;

/// A session that comes about so soon after a meeting was arranged came about by it.
const MEETING_MS: u64 = 20_000;

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
    if target == asker {
        return;
    }
    let is_friend = world.is_friend(&asker);
    let asked = world.introductions.ask(asker, target, is_friend, world.now.ms);
    if asked != Introduction::Nothing {
        // It is known by the time that the other one has asked, too. What the asker notices of it, and of the bounds
        // for questions, is the same whether the other one is here or not.
        probe_router(world, id);
    }
    let is_refused = world.refused.contains(&target) || world.refused.contains(&asker);
    let Some(other) = world.sessions.ready(&target).filter(|_| !is_refused) else { return };
    match asked {
        Introduction::Tell => {
            world.send_frame(other, Frame::Sought(asker));
            probe_router(world, other);
        }
        Introduction::Meet { larger_first } => arrange(world, ArrangedMeeting { sessions: [id, other], larger_first }),
        Introduction::Nothing => {}
    }
}

/// Tells two where the other is, once it is known whose router has to send first.
fn arrange(world: &mut World, meeting: ArrangedMeeting) {
    meeting.sessions.into_iter().for_each(|session| probe_router(world, session));
    let router = |id| world.sessions.get(id).map(|session| session.router);
    let [Some(one), Some(other)] = meeting.sessions.map(router) else { return };
    if [one, other].contains(&RouterProbe::Asked) {
        world.introductions.wait(meeting);
        return;
    }
    let [id_of_one, id_of_other] = meeting.sessions;
    let peer = |id| world.sessions.get(id).and_then(|session| session.peer);
    let (Some(peer_of_one), Some(peer_of_other)) = (peer(id_of_one), peer(id_of_other)) else { return };
    let (Some(at_one), Some(at_other)) = (udp_address(world, id_of_one), udp_address(world, id_of_other)) else {
        return;
    };
    // A router that answers what comes unasked keeps the port for that, and its own host's packets leave by another one.
    let first = match (one, other) {
        (RouterProbe::Answers, RouterProbe::Silent) => true,
        (RouterProbe::Silent, RouterProbe::Answers) => false,
        _ => meeting.larger_first == (peer_of_one > peer_of_other),
    };
    world.send_frame(id_of_one, Frame::Meet(Meeting { peer: peer_of_other, at: at_other, first }));
    world.send_frame(id_of_other, Frame::Meet(Meeting { peer: peer_of_one, at: at_one, first: !first }));
}

/// Finds out what the router in front of a peer does, if that is not known.
fn probe_router(world: &mut World, id: SessionId) {
    let at = udp_address(world, id).map(|at| at.address);
    if let (Some(at), Some(session)) = (at, world.sessions.get_mut(id))
        && session.router == RouterProbe::Unknown
    {
        session.router = RouterProbe::Asked;
        world.command(Command::ProbeRouter { session: id, at });
    }
}

/// It is known what the router in front of a peer does.
pub fn router_probed(world: &mut World, id: SessionId, answers: bool) {
    if let Some(session) = world.sessions.get_mut(id) {
        session.router = if answers { RouterProbe::Answers } else { RouterProbe::Silent };
    }
    for meeting in world.introductions.take_waiting(id) {
        arrange(world, meeting);
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
    let usual_port = || world.usual_ports.get(&udp_name()).copied();
    let port = there.or(of_udp.first()).map(|it| it.address.port()).or_else(usual_port)?;
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
