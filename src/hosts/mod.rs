//! What the automata ask for, carried out: one file for each automaton, but for `local_service` and `node_life`, which
//! are performed in `services`. Conditions are answered from what the [`World`] holds, actions become commands to the
//! rim or messages to other automata. Pure, like everything in the core.

pub mod api_address;
pub mod api_certificate;
pub mod api_port;
pub mod connections;
pub mod contact_ratings;
pub mod contact_status;
pub mod dht_connector;
pub mod identity_publisher;
pub mod introductions;
pub mod lan_discovery;
pub mod message_delivery;
pub mod network_connector;
pub mod network_transport;
pub mod nickname_holder;
pub mod nickname_observer;
pub mod outbox;
pub mod p2p_connector;
pub mod packets;
pub mod peer_link;
pub mod peer_protocol;
pub mod port_mapping;
pub mod quic_connection;
pub mod reachability;
pub mod read_receipts;
pub mod relay_circuit;
pub mod sessions;
pub mod stun_client;
pub mod stun_server;
pub mod tcp_connection;
