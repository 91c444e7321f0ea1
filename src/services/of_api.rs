//! What the services of the ports of the API share.

use crate::automata::api_port::State;
use crate::automata::senders::services;
use crate::automata::system::System;
use crate::name::ServiceName;
use crate::world::World;

fn name(service: &str) -> ServiceName {
    service.parse().expect("it is a name")
}

pub(super) fn open(world: &mut World, service: &str) {
    world.tell(services::api_port::init(name(service)));
}

pub(super) fn close(world: &mut World, system: &System, service: &str) {
    world.tell_if_there(system, services::api_port::stop(name(service)));
    world.api_ports.problems.remove(&name(service));
}

pub(super) fn is_settled(system: &System, service: &str) -> bool {
    let state = system.api_port.get(&name(service)).map(|port| port.state());
    !matches!(state, Some(State::AtStartup | State::Opening))
}

pub(super) fn problem(world: &World, service: &str) -> Option<String> {
    world.api_ports.problems.get(&name(service)).cloned()
}

/// Other machines may ask from now on, or no longer: every port is opened again.
pub(super) fn reach(world: &mut World, system: &System, is_public: bool) {
    world.api_ports.is_public = is_public;
    let ports: Vec<ServiceName> = system.api_port.iter().map(|(service, _)| service.clone()).collect();
    for port in ports {
        world.tell(services::api_port::reach_changed(port));
    }
}
