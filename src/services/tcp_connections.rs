//! `tcp-connections`: sessions over TCP, opened by either side.

use super::of_transports::end_sessions;
use super::service::{Service, USUAL};
use crate::name::tcp_name;

pub(super) const SERVICE: Service = Service {
    name: "tcp-connections",
    summary: "Keeps sessions with other nodes over TCP.",
    purpose: "Sessions over TCP",
    while_off: "there is no session over TCP",
    depends_on: &["network"],
    stop: |world, system| end_sessions(world, system, &tcp_name()),
    ..USUAL
};
