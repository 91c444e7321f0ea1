//! `lan-discovery`: nodes in the local network are found, and find us. The automaton `lan_discovery`.

use super::service::{Service, USUAL};
use crate::automata::senders::services;

pub(super) const SERVICE: Service = Service {
    name: "lan-discovery",
    summary: "Finds contacts in the local network, and tells everybody there that this node is here.",
    purpose: "Find contacts in the local network, and tell everybody there that this node is here",
    while_off: "nobody is found in the local network without knowing where they are",
    is_enabled: false,
    // Without sessions nobody is of use, and nothing can be announced.
    depends_on: &["tcp-transport"],
    start: |world, _| world.tell(services::lan_discovery::init()),
    stop: |world, _| world.tell(services::lan_discovery::stop()),
    problem: |world, _| world.lan.problem.clone(),
    ..USUAL
};
