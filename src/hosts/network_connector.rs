//! The network: interfaces and the way out are looked at by the rim.

use crate::automata::network_connector::{Action, Conditions};
use crate::automata::senders::{gateway, network};
use crate::automata::system::System;
use crate::node::{Command, World};

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
        Action::CheckInterfaces => world.command(Command::CheckInterfaces),
        Action::ProbeInternet => world.command(Command::ProbeInternet),
        // Sockets need nothing more than interfaces that are up.
        Action::SetUp => world.tell(network::network_connector::network_up()),
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
