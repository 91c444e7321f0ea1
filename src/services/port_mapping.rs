//! `port-mapping`: the router lets others through. The automata `port_mapping`, one for each transport.

use super::service::{Service, USUAL};
use crate::automata::senders::services;
use crate::automata::system::System;
use crate::name::TransportName;

pub(super) const SERVICE: Service = Service {
    name: "port-mapping",
    summary: "Asks the router to map the port of this node (PCP, NAT-PMP, UPnP).",
    purpose: "Ask the router to map the port of this node, so that others reach it (PCP, NAT-PMP, UPnP)",
    while_off: "behind a router, others reach this node only if its port was forwarded by hand",
    // It needs no other service: where no transport listens, nothing is mapped. Automata that come later ask whether it
    // is on.
    start: |world, system| transports(system).for_each(|it| world.tell(services::port_mapping::init(it))),
    stop: |world, system| transports(system).for_each(|it| world.tell(services::port_mapping::stop(it))),
    problem: |world, _| {
        let problems: Vec<&str> = world.mappings.problems.values().map(String::as_str).collect();
        (!problems.is_empty()).then(|| problems.join("; "))
    },
    ..USUAL
};

fn transports(system: &System) -> impl Iterator<Item = TransportName> {
    let names: Vec<TransportName> = system.port_mapping.iter().map(|(transport, _)| transport.clone()).collect();
    names.into_iter()
}
