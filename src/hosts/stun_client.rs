//! Peers that are asked at which address they see us, and what they have said.

use std::net::SocketAddr;

use crate::automata::local_service::State;
use crate::automata::senders::{gateway, identity, peers};
use crate::automata::stun_client::Inside as Action;
use crate::automata::system::System;
use crate::identity::{Entrypoint, NodeId};
use crate::stun::{Observation, Tested};
use crate::world::{STUN_CLIENTS, World, services};

/// Performs an action of the client for that peer.
pub fn perform(world: &mut World, system: &System, peer: NodeId, action: Action) {
    match action {
        Action::WantPlace => {
            let is_free = world.stun.clients.contains(&peer) || world.stun.clients.len() < STUN_CLIENTS;
            let answer = if is_free { peers::stun_client::place_given } else { peers::stun_client::place_refused };
            if is_free {
                world.stun.clients.insert(peer);
            }
            world.tell_if_there(system, answer(peer));
        }
        Action::LeavePlace => {
            world.stun.clients.remove(&peer);
        }
        Action::NoteObservation { server, socket, local, mapped } => {
            if let Some(server) = server {
                let seen = Observation { server, local, mapped, at_ms: world.now.ms };
                let before: Vec<_> = world.reached_at().map(|(_, reached)| reached).collect();
                world.stun.observations.note(peer, socket, seen);
                // Others may reach us at one address more, or less.
                if world.reached_at().map(|(_, reached)| reached).ne(before) {
                    world.tell_if_there(system, identity::p2p_connector::check_synchronize());
                }
            }
        }
        Action::NoteFiltering { server, local, result } => {
            let tested = Tested { server, local, result, at_ms: world.now.ms };
            world.stun.observations.note_test(peer, tested);
        }
        Action::ForgetObservation => world.stun.observations.own_socket_closed(&peer),
    }
}

/// The peer says where it can be reached, and so whether it has a STUN server, and at which port.
pub fn offered(world: &mut World, system: &System, peer: NodeId, entrypoints: &[Entrypoint]) {
    let port = entrypoints.iter().find(|entrypoint| entrypoint.is_stun()).map(|entrypoint| entrypoint.address.port());
    let known = world.stun_port(&peer);
    if known != port {
        world.note_stun_port(peer, port);
        look_after(world, system, peer);
    }
}

/// Asks a peer with which there is a session, if it has a server; and no other.
pub fn look_after(world: &mut World, system: &System, peer: NodeId) {
    let is_on = matches!(services::state(system, "stun"), State::On | State::Launching);
    match server_of(world, &peer).filter(|_| is_on) {
        Some(server) => world.tell(gateway::stun_client::begin(peer, server)),
        None => world.tell_if_there(system, gateway::stun_client::end(peer)),
    }
}

/// Where the server of a peer is: at the address of its session, so that nobody has us send packets to others, and at
/// the port that its document says.
pub fn server_of(world: &World, peer: &NodeId) -> Option<SocketAddr> {
    let (_, session) = world.sessions.direct(peer)?;
    Some(SocketAddr::new(session.remote.ip().to_canonical(), session.stun_port?))
}
