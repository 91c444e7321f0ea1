//! What the router in front of this machine has mapped, and which transports need it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

use crate::automata::types::MappingProtocol;
use crate::identity::Entrypoint;
use crate::name::TransportName;

/// A mapping that a router has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Where others reach the transport, if a port is mapped.
    pub external: Option<Entrypoint>,
    /// Where a firewall lets others in, which is where the transport listens.
    pub pinholes: Vec<Entrypoint>,
    /// Why one of both is missing, if both were wanted.
    pub missing: Option<String>,
    /// How the router was asked.
    pub protocol: MappingProtocol,
    /// Until when it lasts if it is not renewed, in milliseconds of unix time.
    pub until_unix_ms: u64,
    /// The mapped port is in our identity document.
    pub is_published: bool,
}

/// Which networks may ask routers, as settings have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MappingRules {
    /// It is a network of one's own, in which addresses inside private networks are as good as others.
    pub is_private_network: bool,
    /// Routers are asked in a network of one's own too.
    pub in_private_networks: bool,
}

/// What is known of mappings; whether there is one only `port_mapping` knows.
#[derive(Clone, Debug, Default)]
pub struct Mappings {
    /// Which networks may ask routers.
    pub rules: MappingRules,
    /// What is mapped.
    pub held: BTreeMap<TransportName, Mapping>,
    /// Why nothing is mapped, or what is mapped may end.
    pub problems: BTreeMap<TransportName, String>,
}

impl Mappings {
    /// Why no router is to be asked for a transport that listens there; nothing if one is.
    #[must_use]
    pub fn not_needed(&self, listens_at: &[Entrypoint]) -> Option<&'static str> {
        let of_ipv4 = || listens_at.iter().filter(|entrypoint| entrypoint.address.ip().to_canonical().is_ipv4());
        if listens_at.is_empty() {
            Some("it does not listen")
        } else if listens_at.iter().all(Entrypoint::is_loopback) {
            Some("it listens on this machine only")
        } else if self.rules.is_private_network && !self.rules.in_private_networks {
            Some("`network` names a network of your own, and services/port-mapping/own-networks is off")
        } else if of_ipv4().any(Entrypoint::is_public) {
            Some("it has a public IPv4 address")
        } else if of_ipv4().all(Entrypoint::is_loopback) && self.pinholes(listens_at).next().is_none() {
            Some("it has neither an IPv4 address of a network nor a public IPv6 address")
        } else {
            None
        }
    }

    /// Whether a port of the router's IPv4 address is wanted by a transport that listens there.
    #[must_use]
    pub fn is_translated(&self, listens_at: &[Entrypoint]) -> bool {
        let is_of_ipv4 = |it: &&Entrypoint| it.address.ip().to_canonical().is_ipv4();
        listens_at.iter().filter(is_of_ipv4).any(|it| !it.is_loopback())
    }

    /// Addresses of IPv6 to which a firewall may have to let others in.
    pub fn pinholes(&self, listens_at: &[Entrypoint]) -> impl Iterator<Item = Ipv6Addr> {
        let others_reach = |it: &Entrypoint| {
            it.is_public() || (self.rules.is_private_network && self.rules.in_private_networks && !it.is_loopback())
        };
        listens_at.iter().filter(move |it| others_reach(it)).filter_map(|it| match it.address.ip().to_canonical() {
            IpAddr::V6(ip) => Some(ip),
            IpAddr::V4(_) => None,
        })
    }

    /// Whether an address that a router names is one that others can reach.
    #[must_use]
    pub fn is_reachable(&self, external: Option<&Entrypoint>) -> bool {
        external.is_some_and(|external| external.is_public() || self.rules.is_private_network)
    }

    /// Where a transport can be reached that listens there: at public addresses, then through the router, then at
    /// addresses of its own networks.
    #[must_use]
    pub fn with_external(&self, transport: &TransportName, listens_at: &[Entrypoint]) -> Vec<Entrypoint> {
        let mut all = listens_at.to_vec();
        let mapping = self.held.get(transport).filter(|mapping| mapping.is_published);
        if let Some(external) =
            mapping.and_then(|mapping| mapping.external.as_ref()).filter(|external| !all.contains(external))
        {
            let behind_public = all.iter().take_while(|entrypoint| entrypoint.is_public()).count();
            all.insert(behind_public, external.clone());
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(addresses: &[&str]) -> Vec<Entrypoint> {
        addresses.iter().map(|address| format!("tcp://{address}:7771").parse().expect("an entrypoint")).collect()
    }

    #[test]
    fn a_router_is_asked_only_where_one_can_stand_in_front() {
        let asks =
            |rules, addresses: &[&str]| Mappings { rules, ..Mappings::default() }.not_needed(&at(addresses)).is_none();
        let public = MappingRules::default();
        assert!(asks(public, &["192.168.1.5"]));
        assert!(asks(public, &["[2606:4700::1]", "192.168.1.5"]), "one that IPv4 does not get through to");
        assert!(asks(public, &["[2606:4700::1]"]), "one whose firewall may keep others out");
        let wanted = |addresses: &[&str]| {
            let mappings = Mappings::default();
            let at = at(addresses);
            (mappings.is_translated(&at), mappings.pinholes(&at).map(|ip| ip.to_string()).collect::<Vec<_>>())
        };
        assert_eq!(wanted(&["[2606:4700::1]", "192.168.1.5"]), (true, vec!["2606:4700::1".to_owned()]));
        assert_eq!(wanted(&["[2606:4700::1]", "[fd00::1]", "127.0.0.1"]), (false, vec!["2606:4700::1".to_owned()]));
        assert_eq!(wanted(&["192.168.1.5"]), (true, Vec::new()));
        for none in [
            &[][..],
            &["127.0.0.1"],
            &["[::1]"],
            &["8.8.8.8", "172.17.0.1"],
            &["8.8.8.8", "[2606:4700::1]"],
            &["[fd00::1]"],
        ] {
            assert!(!asks(public, none), "{none:?}");
        }
        let own = MappingRules { is_private_network: true, in_private_networks: false };
        assert!(!asks(own, &["192.168.1.5"]));
        assert!(asks(MappingRules { in_private_networks: true, ..own }, &["192.168.1.5"]));
    }

    #[test]
    fn the_address_of_the_router_stands_behind_public_ones_and_only_if_it_is_published() {
        let tcp: TransportName = "tcp".parse().expect("a name");
        let listens_at = at(&["[2606:4700::1]", "192.168.1.5"]);
        let mut mappings = Mappings::default();
        assert_eq!(mappings.with_external(&tcp, &listens_at), listens_at);
        let mapping = Mapping {
            external: at(&["8.8.4.4"]).pop(),
            pinholes: Vec::new(),
            missing: None,
            protocol: MappingProtocol::Upnp,
            until_unix_ms: 1,
            is_published: true,
        };
        mappings.held.insert(tcp.clone(), mapping.clone());
        assert_eq!(mappings.with_external(&tcp, &listens_at), at(&["[2606:4700::1]", "8.8.4.4", "192.168.1.5"]));
        assert_eq!(mappings.with_external(&tcp, &at(&["8.8.4.4"])), at(&["8.8.4.4"]), "nothing stands there twice");
        mappings.held.insert(tcp.clone(), Mapping { is_published: false, ..mapping });
        assert_eq!(mappings.with_external(&tcp, &listens_at), listens_at);
    }

    #[test]
    fn an_address_that_is_not_of_the_internet_is_not_believed() {
        let reaches =
            |rules, address: &str| Mappings { rules, ..Mappings::default() }.is_reachable(at(&[address]).first());
        assert!(reaches(MappingRules::default(), "8.8.4.4"));
        for private in ["10.0.0.1", "100.64.3.4", "192.168.2.1", "203.0.113.9"] {
            assert!(!reaches(MappingRules::default(), private), "{private}");
            assert!(
                reaches(MappingRules { is_private_network: true, in_private_networks: true }, private),
                "{private}"
            );
        }
    }
}
