//! Services: the parts of the node that can be switched on and off, with their dependencies. Adding one is a file here and a line in [`SERVICES`].
//!
//! What a service is doing (starting, on, going off) is known by its instance of `local_service` alone.

mod entangled_dht;
mod gateway;
mod identity_propagate;
mod lan_discovery;
mod network;
mod p2p_hookups;
mod private_messages;
mod tcp_connections;
mod tcp_transport;
pub mod tree;

use crate::automata::system::System;
use crate::name::ServiceName;
use crate::world::World;

/// A service.
pub struct Service {
    /// Its name, as in `services/<name>/enabled`.
    pub name: &'static str,
    /// What it is for, in one sentence.
    pub summary: &'static str,
    /// Services that must be on before it.
    pub depends_on: &'static [&'static str],
    /// Begins its work.
    pub start: fn(&mut World, &System),
    /// Ends its work.
    pub stop: fn(&mut World, &System),
}

/// All services; each stands behind those that it depends on.
pub const SERVICES: &[Service] = &[
    network::SERVICE,
    gateway::SERVICE,
    entangled_dht::SERVICE,
    tcp_connections::SERVICE,
    tcp_transport::SERVICE,
    identity_propagate::SERVICE,
    p2p_hookups::SERVICE,
    private_messages::SERVICE,
    lan_discovery::SERVICE,
];

impl Service {
    /// Its name, as automata carry it.
    #[must_use]
    pub fn service_name(&self) -> ServiceName {
        self.name.parse().expect("the names of the list are names")
    }

    /// Services that depend on it.
    pub fn dependents(&self) -> impl Iterator<Item = &'static Service> {
        SERVICES.iter().filter(|other| other.depends_on.contains(&self.name))
    }
}

/// The service of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_unique_documented_and_stand_behind_what_they_depend_on() {
        for (index, service) in SERVICES.iter().enumerate() {
            assert_eq!(service.service_name().as_str(), service.name);
            assert!(service.summary.ends_with('.'), "{}", service.name);
            for dependency in service.depends_on {
                assert!(SERVICES[..index].iter().any(|before| before.name == *dependency), "{}", service.name);
            }
            assert!(SERVICES[..index].iter().all(|before| before.name != service.name), "{}", service.name);
        }
    }
}
