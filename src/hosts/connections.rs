//! The automaton of a session's connection: each transport has one of its own, under the same `peer_protocol`.

use crate::automata::senders::{gateway, transports};
use crate::automata::system::{Message, System};
use crate::automata::types::CloseReason;
use crate::identity::NodeId;
use crate::name::udp_name;
use crate::world::{SessionId, World};

/// What a connection is told.
#[derive(Clone, Copy, Debug)]
pub enum Told {
    /// It is there.
    Made {
        /// We have opened it.
        is_outgoing: bool,
    },
    /// The handshake has proved who is there.
    Proved {
        /// Who.
        peer: NodeId,
    },
    /// The peer is alive.
    KeepAlive,
    /// Check whether the peer is alive.
    KeepAliveWanted,
    /// Our address has changed, and the session goes on from the new one.
    Moved,
    /// It is lost.
    Lost {
        /// Why.
        reason: CloseReason,
    },
    /// End it.
    Disconnect,
}

/// Tells the connection of a session something, if it is still there.
pub fn tell(world: &mut World, system: &System, id: SessionId, told: Told) {
    let Some(session) = world.sessions.get(id) else { return };
    let message = if session.transport == udp_name() { of_quic(id, told) } else { of_tcp(id, told) };
    match (message, told) {
        // It is there from now on.
        (Some(message), Told::Made { .. }) => world.tell(message),
        (Some(message), _) => world.tell_if_there(system, message),
        (None, _) => {}
    }
}

fn of_tcp(id: SessionId, told: Told) -> Option<Message> {
    Some(match told {
        Told::Made { is_outgoing } => transports::tcp_connection::connection_made(id, is_outgoing),
        Told::Proved { peer } => transports::tcp_connection::peer_proved(id, peer),
        Told::KeepAlive => transports::tcp_connection::keep_alive_received(id),
        Told::KeepAliveWanted => gateway::tcp_connection::keep_alive_wanted(id),
        // It is bound to its address, and ends with that.
        Told::Moved => return None,
        Told::Lost { reason } => transports::tcp_connection::connection_lost(id, reason),
        Told::Disconnect => gateway::tcp_connection::disconnect(id),
    })
}

fn of_quic(id: SessionId, told: Told) -> Option<Message> {
    Some(match told {
        Told::Made { is_outgoing } => transports::quic_connection::connection_made(id, is_outgoing),
        Told::Proved { peer } => transports::quic_connection::peer_proved(id, peer),
        Told::KeepAlive => transports::quic_connection::keep_alive_received(id),
        Told::KeepAliveWanted => gateway::quic_connection::keep_alive_wanted(id),
        Told::Moved => transports::quic_connection::address_changed(id),
        Told::Lost { reason } => transports::quic_connection::connection_lost(id, reason),
        Told::Disconnect => gateway::quic_connection::disconnect(id),
    })
}

/// Sessions whose connection is there, whatever it is made of.
#[must_use]
pub fn all(system: &System) -> Vec<SessionId> {
    let of_tcp = system.tcp_connection.iter().map(|(session, _)| *session);
    of_tcp.chain(system.quic_connection.iter().map(|(session, _)| *session)).collect()
}

/// The state of a session's connection, and whether it is being ended.
#[must_use]
pub fn state(system: &System, id: SessionId) -> Option<(&'static str, bool)> {
    use crate::automata::{quic_connection, tcp_connection};
    let of_tcp = system.tcp_connection.get(&id).map(|connection| connection.state());
    let of_tcp = of_tcp.map(|state| (state.name(), state == tcp_connection::State::Disconnecting));
    let of_quic = system.quic_connection.get(&id).map(|connection| connection.state());
    of_tcp.or(of_quic.map(|state| (state.name(), state == quic_connection::State::Disconnecting)))
}
