//! `relay`: this node relays sessions between others. The automaton `relay_circuit`.

use super::service::{Service, USUAL};
use crate::automata::senders::services;
use crate::world::CircuitId;

pub(super) const SERVICE: Service = Service {
    name: "relay",
    summary: "Relays sessions between nodes that cannot reach each other; it cannot read them.",
    purpose: "Relay sessions between nodes that cannot reach each other",
    while_off: "this node relays no sessions",
    is_enabled: false,
    depends_on: &["network", "gateway"],
    start: |world, system| {
        world.relay.is_offered = true;
        world.tell_if_there(system, services::p2p_connector::check_synchronize());
    },
    stop: |world, system| {
        world.relay.is_offered = false;
        let circuits: Vec<CircuitId> = system.relay_circuit.iter().map(|(circuit, _)| *circuit).collect();
        for circuit in circuits {
            world.tell(services::relay_circuit::stop(circuit));
        }
        world.tell_if_there(system, services::p2p_connector::check_synchronize());
    },
    ..USUAL
};
