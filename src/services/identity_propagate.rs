//! `identity-propagate`: whether our identity document is sent to others when it changes, and published in the DHT. The
//! automaton `identity_publisher`.

use super::service::{Service, USUAL};
use crate::automata::senders::services;

pub(super) const SERVICE: Service = Service {
    name: "identity-propagate",
    summary: "Tells others where this node can be reached, whenever that changes.",
    purpose: "Tell sessions and contacts of a new identity document, and keep it in the DHT",
    while_off: "others are not told where this node can be reached",
    depends_on: &["gateway"],
    start: |world, system| {
        world.tell(services::identity_publisher::init());
        world.tell_if_there(system, services::p2p_connector::check_synchronize());
    },
    stop: |world, _| world.tell(services::identity_publisher::stop()),
    ..USUAL
};
