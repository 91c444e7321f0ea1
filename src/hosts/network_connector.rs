//! The network: whether what is connected still lives.

use crate::automata::network_connector::{Conditions, Inside as Action};
use crate::automata::senders::gateway;
use crate::automata::system::System;
use crate::node::World;

/// A connection of which nothing was heard for so long may be dead.
const SILENCE_MS: u64 = 120_000;

impl Conditions for World {
    fn connection_alive(&mut self) -> bool {
        let now_ms = self.now.ms;
        self.sessions.is_empty() || self.sessions.iter().any(|(_, session)| now_ms < session.heard_ms + SILENCE_MS)
    }
}

/// Performs an action.
pub fn perform(world: &mut World, system: &System, action: &Action) {
    match action {
        // A socket that is dead shows it when something is sent.
        Action::VerifyTransports => {
            let sessions: Vec<u64> = system.tcp_connection.iter().map(|(session, _)| *session).collect();
            for session in sessions {
                world.tell(gateway::tcp_connection::send_keep_alive(session));
            }
            world.tell(gateway::network_connector::transports_verified());
        }
    }
}
