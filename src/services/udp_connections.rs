//! `udp-connections`: sessions over UDP (QUIC), opened by either side.

use super::of_transports::end_sessions;
use super::service::{Service, USUAL};
use crate::name::udp_name;

pub(super) const SERVICE: Service = Service {
    name: "udp-connections",
    summary: "Keeps sessions with other nodes over UDP, by QUIC.",
    purpose: "Sessions over UDP",
    while_off: "there is no session over UDP",
    depends_on: &["network"],
    stop: |world, system| end_sessions(world, system, &udp_name()),
    ..USUAL
};
