//! `tcp-transport`: the TCP server. The automaton `network_transport[tcp]`.

use super::service::Service;
use crate::automata::senders::services;
use crate::name::TransportName;

pub(super) const SERVICE: Service = Service {
    name: "tcp-transport",
    summary: "Accepts sessions of other nodes over TCP.",
    depends_on: &["tcp-connections", "gateway"],
    // It listens as soon as it can; if it cannot, the reason is reported, and it is tried again each half minute.
    start: |world, _| {
        world.tell(services::network_transport::init(tcp_name(), true));
        world.tell(services::network_connector::check_reconnect());
    },
    stop: |world, system| world.tell_if_there(system, services::network_transport::shutdown(tcp_name())),
};

fn tcp_name() -> TransportName {
    "tcp".parse().expect("it is a name")
}
