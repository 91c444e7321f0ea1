//! Services: the parts of the node that can be switched on and off, with their dependencies. A service knows all of
//! itself: to add one, write its file, and name that in this one (`mod` and [`SERVICES`]).
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
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// What it is switched on for: the summary of its setting.
    pub purpose: &'static str,
    /// Whether it is on unless the user says otherwise.
    pub is_enabled: bool,
    /// Services that must be on before it.
    pub depends_on: &'static [&'static str],
    /// Begins its work.
    pub start: fn(&mut World, &System),
    /// Ends its work.
    pub stop: fn(&mut World, &System),
    /// Whether it has found out, once it is on, whether it can do what it is for.
    pub is_settled: fn(&System) -> bool,
    /// Why it does not do what it is for although it is on. It stays on, since it tries again by itself.
    pub problem: fn(&World) -> Option<String>,
}

/// What a service need not say. It is on by default, needs no other, does nothing when it starts or stops, and nothing
/// stands in its way.
const USUAL: Service = Service {
    name: "",
    summary: "",
    purpose: "",
    is_enabled: true,
    depends_on: &[],
    start: |_, _| {},
    stop: |_, _| {},
    is_settled: |_| true,
    problem: |_| None,
};

/// All services; each stands behind those that it depends on.
pub const SERVICES: &[Service] = &[
    network::SERVICE,
    gateway::SERVICE,
    tcp_connections::SERVICE,
    tcp_transport::SERVICE,
    identity_propagate::SERVICE,
    entangled_dht::SERVICE,
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

    /// The path of the setting that says whether it is on.
    #[must_use]
    pub fn setting(&self) -> String {
        format!("services/{}/enabled", self.name)
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
