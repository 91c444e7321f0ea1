//! `lan-discovery`: nodes in the local network are found, and find us. What is heard there is in `hosts/lan.rs`.

use super::{Service, USUAL};
use crate::hosts::lan;

pub(super) const SERVICE: Service = Service {
    name: lan::SERVICE,
    summary: "Finds contacts in the local network, and tells everybody there that this node is here.",
    purpose: "Find contacts in the local network, and tell everybody there that this node is here",
    is_enabled: false,
    // Without sessions nobody is of use, and nothing can be announced.
    depends_on: &["tcp-transport"],
    // If it cannot be done, the reason is reported, and it is tried again each half minute.
    start: |world, _| lan::search(world),
    stop: |world, _| lan::leave(world),
    problem: |world| world.lan.problem.clone(),
    ..USUAL
};
