//! Where the API is reached, as the core knows it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::Serialize;

use crate::identity::{Entrypoint, NodeId};
use crate::name::{ServiceName, stun_name};

/// Peers that are asked where they see a port of the API, at most.
pub const OBSERVERS: usize = 3;

/// A peer that is asked where it sees a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Observer {
    /// Who.
    pub peer: NodeId,
    /// Where its STUN server is.
    pub server: SocketAddr,
}

/// Those who are asked, [`OBSERVERS`] at most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Observers(pub Vec<Observer>);

/// Where others see a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExternalAddress {
    /// The address.
    pub address: SocketAddr,
    /// How many observers say so.
    pub observers: usize,
}

/// The ports of the API, by their services.
#[derive(Clone, Debug, Default)]
pub struct ApiPorts {
    /// Other machines may ask for what is public.
    pub is_public: bool,
    /// Those that are open.
    pub open: BTreeMap<ServiceName, SocketAddr>,
    /// Why others are not.
    pub problems: BTreeMap<ServiceName, String>,
    /// Where others see them, as far as it is believed.
    pub external: BTreeMap<ServiceName, Vec<ExternalAddress>>,
    /// What observers have answered since they were asked.
    answers: BTreeMap<ServiceName, BTreeMap<NodeId, SocketAddr>>,
}

impl ApiPorts {
    /// An observer has answered.
    pub fn note_answer(&mut self, service: ServiceName, observer: NodeId, mapped: SocketAddr) {
        let answers = self.answers.entry(service).or_default();
        if answers.len() < OBSERVERS || answers.contains_key(&observer) {
            answers.insert(observer, SocketAddr::new(mapped.ip().to_canonical(), mapped.port()));
        }
    }

    /// What more than half of the observers say, of IPv4 and of IPv6, is believed from now on. An address that is not of
    /// the internet counts in a network of one's own alone.
    pub fn count_answers(&mut self, service: ServiceName, is_private_network: bool) {
        let answers = self.answers.remove(&service).unwrap_or_default();
        let is_of_internet = |address: SocketAddr| Entrypoint { transport: stun_name(), address }.is_public();
        let of_family = |is_v4: bool| {
            let said = || answers.values().filter(move |mapped| mapped.is_ipv4() == is_v4);
            let votes = |address: SocketAddr| said().filter(|mapped| **mapped == address).count();
            let address = *said().find(|mapped| 2 * votes(**mapped) > said().count())?;
            (is_private_network || is_of_internet(address))
                .then(|| ExternalAddress { address, observers: votes(address) })
        };
        let believed: Vec<ExternalAddress> = [true, false].into_iter().filter_map(of_family).collect();
        self.external.insert(service, believed);
    }

    /// Nothing is known of where it is.
    pub fn forget_addresses(&mut self, service: &ServiceName) {
        self.external.remove(service);
        self.answers.remove(service);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn believed(is_private_network: bool, said: &[&str]) -> Vec<String> {
        let service: ServiceName = "websocket-api".parse().expect("a name");
        let mut ports = ApiPorts::default();
        for (number, mapped) in (1..).zip(said) {
            let mapped = mapped.parse().expect("an address");
            ports.note_answer(service.clone(), NodeId::from_bytes([number; 32]), mapped);
        }
        ports.count_answers(service.clone(), is_private_network);
        ports.external[&service].iter().map(|it| format!("{} {}", it.address, it.observers)).collect()
    }

    #[test]
    fn what_more_than_half_say_is_believed() {
        assert_eq!(believed(false, &["8.8.8.8:5000"]), ["8.8.8.8:5000 1"]);
        assert_eq!(believed(false, &["8.8.8.8:5000", "8.8.4.4:1", "8.8.8.8:5000"]), ["8.8.8.8:5000 2"]);
        let both = ["8.8.8.8:5000", "[2606:4700::1]:38082"];
        assert_eq!(believed(false, &both), ["8.8.8.8:5000 1", "[2606:4700::1]:38082 1"]);
        // The router uses another port towards each of them.
        assert_eq!(believed(false, &["8.8.8.8:5000", "8.8.8.8:5001"]), [""; 0]);
        assert_eq!(believed(false, &[]), [""; 0]);
    }

    #[test]
    fn an_address_inside_a_private_network_counts_in_a_network_of_ones_own_alone() {
        assert_eq!(believed(false, &["10.0.0.1:5000"]), [""; 0]);
        assert_eq!(believed(true, &["10.0.0.1:5000"]), ["10.0.0.1:5000 1"]);
    }

    #[test]
    fn no_more_answers_count_than_were_asked_for() {
        let said = ["8.8.8.8:1", "8.8.8.8:1", "8.8.8.8:1", "8.8.8.8:2", "8.8.8.8:2", "8.8.8.8:2", "8.8.8.8:2"];
        assert_eq!(believed(false, &said), ["8.8.8.8:1 3"]);
    }
}
