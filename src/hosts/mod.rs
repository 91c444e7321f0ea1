//! What the automata ask for, carried out: one file for each automaton. Conditions are answered from what the [`World`] holds, actions become
//! commands to the rim or messages to other automata. Pure, like everything in the core.

pub mod contact_ratings;
pub mod contact_status;
pub mod dht_connector;
pub mod identity_publisher;
pub mod local_service;
pub mod message_delivery;
pub mod network_connector;
pub mod network_transport;
pub mod nickname_holder;
pub mod p2p_connector;
pub mod peer_link;
pub mod peer_protocol;
pub mod tcp_connection;

use crate::automata::system::{Action, System};
use crate::node::{Command, World};

/// Performs one action.
pub fn perform(world: &mut World, system: &System, action: Action) {
    match action {
        Action::Outside(command) => world.command(Command::Outside(command)),
        Action::ContactRatings(action) => contact_ratings::perform(world, system, &action),
        Action::ContactStatus(peer, action) => contact_status::perform(world, system, peer, &action),
        Action::DhtConnector(action) => dht_connector::perform(world, action),
        Action::IdentityPublisher(action) => identity_publisher::perform(world, system, action),
        Action::LocalService(service, action) => local_service::perform(world, system, service, &action),
        Action::MessageDelivery(message, action) => message_delivery::perform(world, system, message, action),
        Action::NetworkConnector(action) => network_connector::perform(world, system, &action),
        Action::NetworkTransport(transport, action) => network_transport::perform(world, transport, action),
        Action::NicknameHolder(action) => nickname_holder::perform(world, action),
        Action::P2pConnector(action) => p2p_connector::perform(world, system, &action),
        Action::PeerLink(peer, action) => peer_link::perform(world, system, peer, &action),
        Action::PeerProtocol(session, action) => peer_protocol::perform(world, system, session, action),
        Action::TcpConnection(session, action) => tcp_connection::perform(world, system, session, &action),
    }
}
