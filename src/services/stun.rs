//! `stun`: others are told at which address we see them, and tell us. The automata `stun_server` and `stun_client`.

use super::service::{Service, USUAL};
use crate::automata::senders::services;
use crate::automata::stun_server::State;
use crate::hosts::stun_client;
use crate::identity::NodeId;

pub(super) const SERVICE: Service = Service {
    name: "stun",
    summary: "Finds out at which address others see this node, and tells them at which it sees them.",
    purpose: "Find out by STUN at which address others see this node, and tell them the same",
    while_off: "this node does not find out at which address others see it",
    depends_on: &["network", "gateway"],
    start: |world, _| {
        world.tell(services::stun_server::init());
        let peers: Vec<NodeId> = world.sessions.ready_peers().map(|(peer, _)| *peer).collect();
        for peer in peers {
            if let Some(server) = stun_client::server_of(world, &peer) {
                world.tell(services::stun_client::begin(peer, server));
            }
        }
    },
    stop: |world, system| {
        world.tell_if_there(system, services::stun_server::stop());
        let clients: Vec<NodeId> = system.stun_client.iter().map(|(peer, _)| *peer).collect();
        for peer in clients {
            world.tell(services::stun_client::end(peer));
        }
        world.stun.problem = None;
    },
    is_settled: |system| {
        let server = system.stun_server.get().map(|server| server.state());
        !matches!(server, Some(State::AtStartup | State::Opening))
    },
    problem: |world, _| world.stun.problem.clone(),
    ..USUAL
};
