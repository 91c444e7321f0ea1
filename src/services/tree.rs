//! The tree of services: what depends on what is asked here, what each is doing only `local_service` knows.

use crate::automata::local_service::{Inside as Action, State};
use crate::automata::node_life::Inside as LifeAction;
use crate::automata::senders::services;
use crate::automata::system::System;
use crate::name::ServiceName;
use crate::world::services::state;
use crate::world::{Command, World};

use super::{SERVICES, Service, find};

/// Performs an action of the node's life.
pub fn perform_life(world: &mut World, system: &System, action: &LifeAction) {
    match action {
        LifeAction::BeginServices => begin(world),
        LifeAction::StopServices => stop_all(world, system),
    }
}

/// All services are known, and those that are enabled are started.
fn begin(world: &mut World) {
    for service in SERVICES {
        world.tell(services::local_service::register(service.service_name()));
    }
    for service in SERVICES.iter().filter(|service| world.enabled.contains(&service.service_name())).collect::<Vec<_>>()
    {
        request(world, service.service_name(), true);
    }
}

/// Every service is stopped; each waits for those that depend on it.
fn stop_all(world: &mut World, system: &System) {
    for service in SERVICES.iter().rev() {
        if !state(system, service.name).is_in_down() {
            request(world, service.service_name(), false);
        }
    }
}

/// Performs an action of the service.
pub fn perform(world: &mut World, system: &System, name: ServiceName, action: &Action) {
    let service = find(name.as_str());
    match action {
        Action::AwaitOutcome { request } => world.waiting.requests.entry(name).or_default().push(*request),
        Action::Answer { result } => {
            for request in world.waiting.requests.remove(&name).unwrap_or_default() {
                world.command(Command::Answer(request, *result));
            }
        }
        Action::CheckDependencies => match service {
            None => world.tell(services::local_service::not_installed(name)),
            Some(service) => {
                for dependency in service.depends_on {
                    let dependency = find(dependency).expect("the list of services is closed").service_name();
                    if state(system, dependency.as_str()).is_in_down() && world.enabled.contains(&dependency) {
                        request(world, dependency, true);
                    }
                }
                world.waiting.for_dependencies.insert(name);
            }
        },
        Action::AwaitDependencies => {
            world.waiting.until_dependencies.insert(name);
        }
        Action::ForgetDependencies => {
            world.waiting.until_dependencies.remove(&name);
        }
        Action::StartService => {
            if let Some(service) = service {
                (service.start)(world, system);
            }
            world.tell(services::local_service::service_started(name));
        }
        Action::StopDependents => {
            for dependent in service.into_iter().flat_map(Service::dependents) {
                if !state(system, dependent.name).is_in_down() {
                    request(world, dependent.service_name(), false);
                }
            }
            world.waiting.for_dependents.insert(name);
        }
        Action::StopService => {
            if let Some(service) = service {
                (service.stop)(world, system);
            }
            world.tell(services::local_service::service_stopped(name));
        }
    }
}

/// Answers services that wait for others, as soon as it is known.
pub fn look(world: &mut World, system: &System) {
    let states = |service: &'static Service| service.depends_on.iter().map(|dependency| state(system, dependency));
    for name in world.waiting.until_dependencies.clone() {
        let Some(service) = find(name.as_str()) else { continue };
        if states(service).all(|state| state == State::On) {
            world.waiting.until_dependencies.remove(&name);
            world.tell(services::local_service::dependencies_on(name));
        }
    }
    for name in world.waiting.for_dependencies.clone() {
        let Some(service) = find(name.as_str()) else { continue };
        let states = || states(service);
        if states().all(|state| state == State::On) {
            world.waiting.for_dependencies.remove(&name);
            world.tell(services::local_service::dependencies_on(name));
        } else if states().any(State::is_in_down) {
            world.waiting.for_dependencies.remove(&name);
            world.tell(services::local_service::dependencies_off(name));
        }
    }
    for name in world.waiting.for_dependents.clone() {
        let Some(service) = find(name.as_str()) else { continue };
        if service.dependents().all(|dependent| state(system, dependent.name).is_in_down()) {
            world.waiting.for_dependents.remove(&name);
            world.tell(services::local_service::dependents_stopped(name));
        }
    }
}

/// A service is to be on, or off, for the node's own reasons.
fn request(world: &mut World, name: ServiceName, is_to_be_on: bool) {
    let request = world.numbers.request_id();
    world.tell(if is_to_be_on {
        services::local_service::start_requested(name, request)
    } else {
        services::local_service::stop_requested(name, request)
    });
}
