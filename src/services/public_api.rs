//! `public-api`: other machines may ask for the public methods of the API.

use super::of_api::reach;
use super::service::{Service, USUAL};

pub(super) const SERVICE: Service = Service {
    name: "public-api",
    summary: "Answers the public methods of the API to other machines, at the ports that are on.",
    purpose: "Answer the public methods of the API to other machines",
    while_off: "only this machine can ask for the methods of the API",
    is_enabled: false,
    start: |world, system| reach(world, system, true),
    stop: |world, system| reach(world, system, false),
    ..USUAL
};
