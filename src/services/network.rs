//! `network`: is there a network, and are the transports up? The automaton `network_connector`.

use super::service::{Service, USUAL};
use crate::automata::senders::services;

pub(super) const SERVICE: Service = Service {
    name: "network",
    summary: "Watches the network, and brings the transports up and down.",
    purpose: "Watch the network and keep it up",
    while_off: "nothing listens, and no other node is reached",
    start: |world, _| world.tell(services::network_connector::init()),
    stop: |world, _| world.tell(services::network_connector::stop()),
    problem: |world, _| world.problems.network.clone(),
    ..USUAL
};
