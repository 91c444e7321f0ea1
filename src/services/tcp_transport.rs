//! `tcp-transport`: the TCP server. The automaton `network_transport[tcp]`.

use super::of_transports::{is_settled, listen, listen_no_more};
use super::service::{Service, USUAL};
use crate::name::tcp_name;

pub(super) const SERVICE: Service = Service {
    name: "tcp-transport",
    summary: "Accepts sessions of other nodes over TCP.",
    purpose: "Carry data between nodes over TCP",
    while_off: "no other node can open a session with this one over TCP",
    depends_on: &["tcp-connections", "gateway"],
    start: |world, _| listen(world, tcp_name()),
    stop: |world, system| listen_no_more(world, system, tcp_name()),
    is_settled: |system| is_settled(system, &tcp_name()),
    problem: |world, _| world.problems.transports.get(&tcp_name()).cloned(),
    ..USUAL
};
