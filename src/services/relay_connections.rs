//! `relay-connections`: sessions with contacts that another node carries, where there is no other way.

use super::of_transports::end_sessions;
use super::service::{Service, USUAL};
use crate::name::relay_name;

pub(super) const SERVICE: Service = Service {
    name: "relay-connections",
    summary: "Keeps sessions with contacts through a node that carries them, where there is no other way.",
    purpose: "Sessions that another node carries, where there is no other way",
    while_off: "a contact that cannot be reached directly is not reached",
    depends_on: &["network", "gateway"],
    stop: |world, system| end_sessions(world, system, &relay_name()),
    ..USUAL
};
