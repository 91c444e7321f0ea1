//! `gateway`: the one door for packets in and out. What comes in by it is in `hosts/packets.rs`; what goes out, in
//! `World::send_packet`.

use super::service::{Service, USUAL};
use crate::automata::senders::services;
use crate::automata::types::Refusal;

pub(super) const SERVICE: Service = Service {
    name: "gateway",
    summary: "Passes packets between sessions and the node, and counts them.",
    purpose: "The one door for packets in and out",
    while_off: "no packet goes or comes",
    depends_on: &["network"],
    // Without it nothing can pass, so no session is of use.
    stop: |world, system| {
        let sessions: Vec<u64> = system.peer_protocol.iter().map(|(session, _)| *session).collect();
        for session in sessions {
            world.tell(services::peer_protocol::close(session, Refusal::Stopping));
        }
    },
    ..USUAL
};
