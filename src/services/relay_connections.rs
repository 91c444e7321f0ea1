//! `relay-connections`: relayed sessions with contacts that cannot be reached directly.

use super::of_transports::end_sessions;
use super::service::{Service, USUAL};
use crate::hosts::relay_circuit;
use crate::name::relay_name;

pub(super) const SERVICE: Service = Service {
    name: "relay-connections",
    summary: "Keeps relayed sessions with contacts that cannot be reached directly.",
    purpose: "Relayed sessions with contacts that cannot be reached directly",
    while_off: "contacts that cannot be reached directly stay offline",
    depends_on: &["network", "gateway"],
    start: |world, system| {
        world.relay.is_used = true;
        relay_circuit::tell_all_links(world, system);
    },
    stop: |world, system| {
        world.relay.is_used = false;
        end_sessions(world, system, &relay_name());
    },
    ..USUAL
};
