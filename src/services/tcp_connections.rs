//! `tcp-connections`: sessions over TCP, opened by either side.

use super::service::{Service, USUAL};
use crate::automata::senders::services;
use crate::automata::types::Refusal;

pub(super) const SERVICE: Service = Service {
    name: "tcp-connections",
    summary: "Keeps sessions with other nodes over TCP.",
    purpose: "Sessions over TCP",
    while_off: "there is no session over TCP",
    depends_on: &["network"],
    stop: |world, system| {
        let sessions: Vec<u64> = system.tcp_connection.iter().map(|(session, _)| *session).collect();
        for session in sessions {
            if system.peer_protocol.get(&session).is_some() {
                world.tell(services::peer_protocol::close(session, Refusal::Stopping));
            } else {
                world.tell(crate::automata::senders::gateway::tcp_connection::disconnect(session));
            }
        }
    },
    ..USUAL
};
