//! The network: whether what is connected still lives.

use automata_runtime::Milliseconds;

use crate::automata::network_connector::{Conditions, Inside as Action, State};
use crate::automata::senders::{gateway, peers};
use crate::automata::system::System;
use crate::identity::NodeId;
use crate::world::World;

impl Conditions for World {
    fn connection_alive(&mut self, silence: Milliseconds) -> bool {
        let now_ms = self.now.ms;
        let is_heard = |heard_ms: u64| now_ms < heard_ms.saturating_add(silence.0);
        self.sessions.is_empty() || self.sessions.iter().any(|(_, session)| is_heard(session.heard_ms))
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

/// Links that rest are told when the network is there again. No automaton watches it for them: what is over before
/// anybody could have noticed, as when the transports are verified, is no return.
pub fn look(world: &mut World, system: &System) {
    let connector = system.network_connector.get().map(|instance| instance.state());
    let is_connected = connector == Some(State::Connected);
    if is_connected && !world.was_connected {
        // The first time it is not back: then a rest that was kept from before the start goes on, and only what this
        // run has tried in vain may go.
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
