//! `tcp-transport`: the TCP server. The automaton `network_transport[tcp]`.

use super::service::{Service, USUAL};
use crate::automata::network_transport::State;
use crate::automata::senders::services;
use crate::name::tcp_name;

pub(super) const SERVICE: Service = Service {
    name: "tcp-transport",
    summary: "Accepts sessions of other nodes over TCP.",
    purpose: "Carry data between nodes over TCP",
    while_off: "no other node can open a session with this one",
    depends_on: &["tcp-connections", "gateway"],
    // It listens as soon as it can; if it cannot, the reason is reported, and it is tried again, first
    // after half a minute.
    start: |world, _| {
        world.tell(services::network_transport::init(tcp_name(), true));
        world.tell(services::network_connector::check_reconnect());
    },
    stop: |world, system| world.tell_if_there(system, services::network_transport::shutdown(tcp_name())),
    is_settled: |system| {
        let transport = system.network_transport.get(&tcp_name()).map(|transport| transport.state());
        !transport.is_some_and(|state| state == State::AtStartup || state.is_in_changing())
    },
    problem: |world, _| world.problems.transports.get(&tcp_name()).cloned(),
    ..USUAL
};
