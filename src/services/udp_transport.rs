//! `udp-transport`: the UDP server, which speaks QUIC. The automaton `network_transport[udp]`.

use super::of_transports::{is_settled, listen, listen_no_more};
use super::service::{Service, USUAL};
use crate::name::udp_name;

pub(super) const SERVICE: Service = Service {
    name: "udp-transport",
    summary: "Accepts sessions of other nodes over UDP, by QUIC.",
    purpose: "Carry data between nodes over UDP",
    while_off: "no other node can open a session with this one over UDP",
    depends_on: &["udp-connections", "gateway"],
    start: |world, _| listen(world, udp_name()),
    stop: |world, system| listen_no_more(world, system, udp_name()),
    is_settled: |system| is_settled(system, &udp_name()),
    problem: |world, _| world.problems.transports.get(&udp_name()).cloned(),
    ..USUAL
};
