//! The network: whether what is connected still lives.

use crate::automata::network_connector::{Conditions, Inside as Action, State};
use crate::automata::senders::{gateway, peers};
use crate::automata::system::System;
use crate::identity::NodeId;
use crate::world::World;

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

/// Links that rest are told when the network is there again; no automaton watches it for them.
pub fn look(world: &mut World, system: &System) {
    let connector = system.network_connector.get().map(|instance| instance.state());
    let is_connected = connector == Some(State::Connected);
    if is_connected && !world.was_connected {
        // The first time it is not back: then a rest that was kept from before the start goes on, and only what this run has tried in vain may go.
        let started_unix_ms = world.now.unix_ms.saturating_sub(world.now.ms);
        let has_failed = |peer: &NodeId| {
            let tried = world.peers.get(peer).map(|known| known.entrypoints.as_slice()).unwrap_or_default();
            tried.iter().any(|entrypoint| entrypoint.last_failure_unix_ms >= Some(started_unix_ms))
        };
        let links = system.peer_link.iter().map(|(peer, _)| *peer);
        let resting: Vec<NodeId> = links.filter(|peer| world.has_been_connected || has_failed(peer)).collect();
        for peer in resting {
            world.tell(peers::peer_link::network_back(peer));
        }
        world.has_been_connected = true;
    }
    world.was_connected = is_connected;
}
