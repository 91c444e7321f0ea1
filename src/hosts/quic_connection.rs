//! A session over UDP: its handshake, stream and end, and a change of address.

use crate::automata::quic_connection::{Conditions, Inside as Action};
use crate::automata::senders::gateway;
use crate::automata::system::System;
use crate::identity::NodeId;
use crate::peers::PeerSource;
use crate::world::{SessionId, World};

impl Conditions for World {
    fn refused(&mut self, _: &SessionId, peer: &NodeId) -> bool {
        self.refused.contains(peer)
    }
}

/// Performs an action of the session.
pub fn perform(world: &mut World, system: &System, session: SessionId, action: &Action) {
    match action {
        Action::RememberPeer { peer } => {
            let now_unix_ms = world.now.unix_ms;
            world.peers.entry(*peer, PeerSource::Itself, now_unix_ms);
        }
        Action::CloseStream => {
            world.tell_if_there(system, gateway::peer_protocol::session_closed(session));
        }
        Action::NoteKeepAlive => world.counters.keep_alives += 1,
        Action::NoteTimedOut => world.count_timed_out(),
    }
}
