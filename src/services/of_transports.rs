//! What the services of all transports have in common: one keeps sessions, the other lets others open them.

use crate::automata::network_transport::State;
use crate::automata::senders::services;
use crate::automata::system::System;
use crate::automata::types::Refusal;
use crate::hosts::connections::{self, Told};
use crate::name::TransportName;
use crate::world::{SessionId, World};

/// Ends all sessions of a transport.
pub(super) fn end_sessions(world: &mut World, system: &System, transport: &TransportName) {
    let is_of_it = |id: &SessionId| world.sessions.get(*id).is_some_and(|session| session.transport == *transport);
    let sessions: Vec<SessionId> = connections::all(system).into_iter().filter(is_of_it).collect();
    for session in sessions {
        if system.peer_protocol.get(&session).is_some() {
            world.tell(services::peer_protocol::close(session, Refusal::Stopping));
        } else {
            connections::tell(world, system, session, Told::Disconnect);
        }
    }
}

/// Lets others open sessions. It listens as soon as it can; if it cannot, the reason is reported, and it is tried
/// again, first after half a minute.
pub(super) fn listen(world: &mut World, transport: TransportName) {
    world.tell(services::network_transport::init(transport, true));
    world.tell(services::network_connector::check_reconnect());
}

/// Lets them no more.
pub(super) fn listen_no_more(world: &mut World, system: &System, transport: TransportName) {
    world.tell_if_there(system, services::network_transport::shutdown(transport));
}

/// Whether it is known if it can listen.
pub(super) fn is_settled(system: &System, transport: &TransportName) -> bool {
    let state = system.network_transport.get(transport).map(|transport| transport.state());
    !state.is_some_and(|state| state == State::AtStartup || state.is_in_changing())
}
