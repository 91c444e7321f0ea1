//! Which host performs what an automaton asks for.

use crate::automata::system::{Action, System};
use crate::hosts::{
    api_address, api_certificate, api_port, contact_ratings, contact_status, dht_connector, identity_publisher,
    lan_discovery, message_delivery, network_connector, network_transport, nickname_holder, outbox, p2p_connector,
    peer_link, peer_protocol, port_mapping, quic_connection, reachability, read_receipts, relay_circuit, stun_client,
    stun_server, tcp_connection,
};
use crate::services::tree;
use crate::world::{Command, World};

/// Performs one action.
pub fn perform(world: &mut World, system: &System, action: Action) {
    match action {
        Action::Outside(command) => world.command(Command::Outside(command)),
        Action::ApiAddress(service, action) => api_address::perform(world, service, action),
        Action::ApiCertificate(action) => api_certificate::perform(world, action),
        Action::ApiPort(service, action) => api_port::perform(world, system, service, action),
        Action::ContactRatings(action) => contact_ratings::perform(world, system, &action),
        Action::ContactStatus(peer, action) => contact_status::perform(world, peer, &action),
        Action::DhtConnector(action) => dht_connector::perform(world, action),
        Action::IdentityPublisher(action) => identity_publisher::perform(world, action),
        Action::LanDiscovery(action) => lan_discovery::perform(world, system, action),
        Action::LocalService(service, action) => tree::perform(world, system, service, &action),
        Action::MessageDelivery(message, action) => message_delivery::perform(world, system, message, action),
        Action::NetworkConnector(action) => network_connector::perform(world, system, &action),
        Action::NetworkTransport(transport, action) => network_transport::perform(world, transport, action),
        Action::NicknameHolder(action) => nickname_holder::perform(world, action),
        Action::NodeLife(action) => tree::perform_life(world, system, &action),
        Action::Outbox(action) => outbox::perform(world, action),
        Action::P2pConnector(action) => p2p_connector::perform(world, system, &action),
        Action::PeerLink(peer, action) => peer_link::perform(world, system, peer, &action),
        Action::PeerProtocol(session, action) => peer_protocol::perform(world, system, session, action),
        Action::PortMapping(transport, action) => port_mapping::perform(world, system, transport, action),
        Action::Reachability(peer, action) => reachability::perform(world, system, peer, &action),
        Action::ReadReceipts(peer, action) => read_receipts::perform(world, peer, action),
        Action::QuicConnection(session, action) => quic_connection::perform(world, system, session, &action),
        Action::RelayCircuit(circuit, action) => relay_circuit::perform(world, circuit, &action),
        Action::StunClient(peer, action) => stun_client::perform(world, system, peer, action),
        Action::StunServer(action) => stun_server::perform(world, system, action),
        Action::TcpConnection(session, action) => tcp_connection::perform(world, system, session, &action),
    }
}
