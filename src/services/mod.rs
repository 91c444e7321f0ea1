//! Services: the parts of the node that can be switched on and off, with their dependencies. A service knows all of
//! itself: to add one, write its file, and name that in this one (`mod` and [`SERVICES`]).
//!
//! What a service is doing (starting, on, going off) is known by its instance of `local_service` alone.

mod entangled_dht;
mod gateway;
mod http_api;
mod identity_propagate;
mod lan_discovery;
mod network;
mod of_api;
mod of_transports;
mod p2p_hookups;
mod port_mapping;
mod private_messages;
mod public_api;
mod relay;
mod relay_connections;
mod service;
mod stun;
mod tcp_connections;
mod tcp_transport;
pub mod tree;
mod udp_connections;
mod udp_transport;
mod websocket_api;
mod webtransport_api;

pub use service::Service;

/// All services; each stands behind those that it depends on.
pub const SERVICES: &[Service] = &[
    network::SERVICE,
    gateway::SERVICE,
    tcp_connections::SERVICE,
    tcp_transport::SERVICE,
    udp_connections::SERVICE,
    udp_transport::SERVICE,
    identity_propagate::SERVICE,
    entangled_dht::SERVICE,
    p2p_hookups::SERVICE,
    private_messages::SERVICE,
    stun::SERVICE,
    lan_discovery::SERVICE,
    port_mapping::SERVICE,
    relay_connections::SERVICE,
    relay::SERVICE,
    public_api::SERVICE,
    http_api::SERVICE,
    websocket_api::SERVICE,
    webtransport_api::SERVICE,
];

impl Service {
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
            assert!(!service.while_off.is_empty(), "{}", service.name);
            for dependency in service.depends_on {
                assert!(SERVICES[..index].iter().any(|before| before.name == *dependency), "{}", service.name);
            }
            assert!(SERVICES[..index].iter().all(|before| before.name != service.name), "{}", service.name);
        }
    }
}
