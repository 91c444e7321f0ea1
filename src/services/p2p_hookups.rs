//! `p2p-hookups`: who of our contacts is here, and can they reach us? The automata `p2p_connector`, `contact_status`
//! and `peer_link`.

use super::service::{Service, USUAL};
use crate::automata::senders::{contacts, services};
use crate::hosts::{contact_status, peer_link};
use crate::identity::NodeId;

pub(super) const SERVICE: Service = Service {
    name: "p2p-hookups",
    summary: "Keeps in touch with contacts, and keeps the own identity document up to date.",
    purpose: "Keep up contacts with other users",
    while_off: "this node does not find out which contacts are there, and messages wait",
    depends_on: &["gateway", "identity-propagate"],
    start: |world, _| {
        world.tell(services::p2p_connector::init());
        for peer in world.bootstrap.clone() {
            peer_link::want(world, peer);
        }
        for peer in world.contacts.clone() {
            contact_status::look_after(world, peer);
        }
    },
    problem: |world, _| world.problems.identity.clone(),
    stop: |world, system| {
        world.tell(services::p2p_connector::stop());
        let links: Vec<NodeId> = system.peer_link.iter().map(|(peer, _)| *peer).collect();
        for peer in links {
            world.tell(contacts::peer_link::unwanted(peer));
        }
        let statuses: Vec<NodeId> = system.contact_status.iter().map(|(peer, _)| *peer).collect();
        for peer in statuses {
            world.tell(contacts::contact_status::shutdown(peer));
        }
    },
    ..USUAL
};
