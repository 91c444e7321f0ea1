//! What a node announces in the local network, and how an announcement of somebody else is read.
//!
//! Nobody has signed any of it. It is a hint where a node may be, and whoever uses it finds out in the handshake who is
//! there.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use crate::identity::{Entrypoint, NodeId};
use crate::name::{TransportName, tcp_name, udp_name};

use super::interfaces::Subnet;

/// The type of our service (RFC 6763).
pub const SERVICE_TYPE: &str = "_bitpie._tcp.local.";

/// Entrypoints that are taken from one announcement, at most; and of one node, however many announcements name it.
pub const LAN_ENTRYPOINTS: usize = 8;

/// Bytes of the TXT record's values that are looked at, at most. All that are known are shorter.
const VALUE_BYTES: usize = 64;

/// The node's id, as people see it.
const ID: &str = "id";

/// The network to which the node belongs.
const NETWORK: &str = "network";

/// The TCP port at which it listens; that of the SRV record.
const PORT: &str = "port";

/// The UDP port at which it listens.
const UDP: &str = "udp";

/// The ports at which a node listens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// Of TCP.
    pub tcp: Option<u16>,
    /// Of UDP.
    pub udp: Option<u16>,
}

impl Ports {
    /// The first of each transport.
    #[must_use]
    pub fn of(entrypoints: &[Entrypoint]) -> Self {
        let port = |transport: TransportName| {
            let of_transport = entrypoints.iter().find(|entrypoint| entrypoint.transport == transport);
            of_transport.map(|entrypoint| entrypoint.address.port())
        };
        Self { tcp: port(tcp_name()), udp: port(udp_name()) }
    }

    /// The one that the SRV record names: of TCP, as the type of the service says, or else of UDP.
    #[must_use]
    pub fn of_srv(self) -> Option<u16> {
        self.tcp.or(self.udp)
    }
}

/// What the TXT record of a node says, in the order in which it is written.
#[must_use]
pub fn txt(id: &NodeId, network: &str, ports: Ports) -> Vec<(&'static str, String)> {
    let ports = [(PORT, ports.tcp), (UDP, ports.udp)];
    let ports = ports.into_iter().filter_map(|(key, port)| Some((key, port?.to_string())));
    [(ID, id.to_string()), (NETWORK, network.to_owned())].into_iter().chain(ports).collect()
}

/// A node somewhere near, as it was announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Which node, as somebody says.
    pub id: NodeId,
    /// Where; in order, each once, at least one.
    pub entrypoints: Vec<Entrypoint>,
}

/// What was received, before anybody has looked at it.
pub struct Received<'a> {
    /// The properties of the TXT record. A key counts by its first occurrence.
    pub properties: &'a [(&'a str, Option<&'a [u8]>)],
    /// The port of the SRV record.
    pub port: u16,
    /// The addresses of the host.
    pub addresses: &'a [IpAddr],
}

/// Why an announcement means nothing to us.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ignored {
    /// It is our own.
    #[error("it is our own")]
    Own,
    /// It is of another network.
    #[error("it is of another network")]
    OtherNetwork,
    /// A property is not there, or is not what it has to be.
    #[error("its property `{0}` is missing or malformed")]
    Malformed(&'static str),
    /// None of its addresses is in a network to which we are connected.
    #[error("none of its addresses is near")]
    NotNear,
}

/// Reads an announcement. Addresses count if they belong to one of the networks on whose interfaces we look, so that
/// nobody here can make us knock at doors elsewhere.
///
/// # Errors
/// Why it means nothing to us.
pub fn read(received: &Received<'_>, me: &NodeId, network: &str, near: &[Subnet]) -> Result<Announcement, Ignored> {
    let value = |key: &'static str| {
        let first = received.properties.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        let bytes = first.and_then(|(_, value)| *value).filter(|value| value.len() <= VALUE_BYTES);
        bytes.and_then(|bytes| std::str::from_utf8(bytes).ok()).ok_or(Ignored::Malformed(key))
    };
    if value(NETWORK)? != network {
        return Err(Ignored::OtherNetwork);
    }
    let id: NodeId = value(ID)?.parse().map_err(|_| Ignored::Malformed(ID))?;
    if id == *me {
        return Err(Ignored::Own);
    }
    let is_said = |key: &str| received.properties.iter().any(|(name, _)| name.eq_ignore_ascii_case(key));
    // In the one form that a number has.
    let port = |key: &'static str| {
        let said = is_said(key).then(|| value(key)).transpose()?;
        let number = |text: &str| text.parse().ok().filter(|port: &u16| *port != 0 && port.to_string() == text);
        said.map(|text| number(text).ok_or(Ignored::Malformed(key))).transpose()
    };
    let ports = Ports { tcp: port(PORT)?, udp: port(UDP)? };
    if ports.of_srv() != Some(received.port) {
        return Err(Ignored::Malformed(PORT));
    }
    let is_near = |address: &IpAddr| near.iter().any(|subnet| subnet.has_host(*address));
    let addresses: BTreeSet<IpAddr> = received.addresses.iter().copied().filter(is_near).collect();
    let of_node = [(tcp_name(), ports.tcp), (udp_name(), ports.udp)];
    let of_node: Vec<(TransportName, u16)> =
        of_node.into_iter().filter_map(|(transport, port)| Some((transport, port?))).collect();
    let at = |ip| {
        let address = move |port| SocketAddr::new(ip, port);
        of_node
            .iter()
            .map(move |(transport, port)| Entrypoint { transport: transport.clone(), address: address(*port) })
    };
    let mut entrypoints: Vec<Entrypoint> = addresses.into_iter().flat_map(at).take(LAN_ENTRYPOINTS).collect();
    entrypoints.sort();
    if entrypoints.is_empty() {
        return Err(Ignored::NotNear);
    }
    Ok(Announcement { id, entrypoints })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ME: NodeId = NodeId::from_bytes([1; 32]);
    const OTHER: NodeId = NodeId::from_bytes([2; 32]);

    fn near() -> Vec<Subnet> {
        vec![Subnet::new("192.168.7.20".parse().expect("an address"), 24)]
    }

    fn said(id: &str, network: &str, port: &str, srv_port: u16, addresses: &[&str]) -> Result<Announcement, Ignored> {
        let properties = [(ID, id), (NETWORK, network), (PORT, port)];
        let properties: Vec<_> = properties.iter().map(|(key, value)| (*key, Some(value.as_bytes()))).collect();
        let addresses: Vec<IpAddr> = addresses.iter().map(|text| text.parse().expect("an address")).collect();
        read(&Received { properties: &properties, port: srv_port, addresses: &addresses }, &ME, "test", &near())
    }

    #[test]
    fn what_a_node_announces_another_one_reads() {
        let both = Ports { tcp: Some(7771), udp: Some(7772) };
        let txt = txt(&OTHER, "test", both);
        let properties: Vec<_> = txt.iter().map(|(key, value)| (*key, Some(value.as_bytes()))).collect();
        let addresses = ["192.168.7.31".parse().expect("an address"), "10.0.0.1".parse().expect("an address")];
        let received = Received { properties: &properties, port: 7771, addresses: &addresses };
        let announcement = read(&received, &ME, "test", &near()).expect("it is good");
        assert_eq!(announcement.id, OTHER);
        let entrypoints = ["tcp://192.168.7.31:7771", "udp://192.168.7.31:7772"];
        assert_eq!(announcement.entrypoints, entrypoints.map(|text| text.parse().expect("an entrypoint")));
        assert_eq!(Ports::of(&announcement.entrypoints), both);
        assert_eq!(read(&received, &OTHER, "test", &near()), Err(Ignored::Own));
        assert_eq!(read(&received, &ME, "main", &near()), Err(Ignored::OtherNetwork));
    }

    #[test]
    fn a_node_may_listen_by_one_transport_alone() {
        for (ports, expected) in [
            (Ports { tcp: Some(7771), udp: None }, "tcp://192.168.7.31:7771"),
            (Ports { tcp: None, udp: Some(7772) }, "udp://192.168.7.31:7772"),
        ] {
            let txt = txt(&OTHER, "test", ports);
            let properties: Vec<_> = txt.iter().map(|(key, value)| (*key, Some(value.as_bytes()))).collect();
            let addresses = ["192.168.7.31".parse().expect("an address")];
            let port = ports.of_srv().expect("there is one");
            let received = Received { properties: &properties, port, addresses: &addresses };
            let announcement = read(&received, &ME, "test", &near()).expect("it is good");
            assert_eq!(announcement.entrypoints, [expected.parse().expect("an entrypoint")]);
            let received = Received { port: port + 1, ..received };
            assert_eq!(read(&received, &ME, "test", &near()), Err(Ignored::Malformed(PORT)));
        }
        let none = txt(&OTHER, "test", Ports::default());
        let properties: Vec<_> = none.iter().map(|(key, value)| (*key, Some(value.as_bytes()))).collect();
        let received = Received { properties: &properties, port: 7771, addresses: &[] };
        assert_eq!(read(&received, &ME, "test", &near()), Err(Ignored::Malformed(PORT)));
    }

    #[test]
    fn a_udp_port_that_means_nothing_makes_the_announcement_mean_nothing() {
        let id = OTHER.to_string();
        for wrong in ["", "0", "07772", "+7772", "73308", "udp"] {
            let properties = [(ID, id.as_str()), (NETWORK, "test"), (PORT, "7771"), (UDP, wrong)];
            let properties = properties.map(|(key, value)| (key, Some(value.as_bytes())));
            let addresses = ["192.168.7.31".parse().expect("an address")];
            let received = Received { properties: &properties, port: 7771, addresses: &addresses };
            assert_eq!(read(&received, &ME, "test", &near()), Err(Ignored::Malformed(UDP)), "{wrong}");
        }
    }

    #[test]
    fn garbage_is_ignored() {
        let id = OTHER.to_string();
        let at = &["192.168.7.31"][..];
        assert!(said(&id, "test", "7771", 7771, at).is_ok());
        for wrong in ["", "x", &id[1..], &format!("{id}y"), &id.to_uppercase(), &"y".repeat(10_000)] {
            assert_eq!(said(wrong, "test", "7771", 7771, at), Err(Ignored::Malformed(ID)), "{wrong}");
        }
        for wrong in ["", "7772", "07771", "+7771", "7771 ", "73307"] {
            assert_eq!(said(&id, "test", wrong, 7771, at), Err(Ignored::Malformed(PORT)), "{wrong}");
        }
        assert_eq!(said(&id, "test", "0", 0, at), Err(Ignored::Malformed(PORT)));
        assert_eq!(said(&id, "Test", "7771", 7771, at), Err(Ignored::OtherNetwork));
        let none = Received { properties: &[], port: 1, addresses: &[] };
        assert_eq!(read(&none, &ME, "test", &near()), Err(Ignored::Malformed(NETWORK)));
        let no_value = Received { properties: &[(NETWORK, None)], port: 1, addresses: &[] };
        assert_eq!(read(&no_value, &ME, "test", &near()), Err(Ignored::Malformed(NETWORK)));
    }

    #[test]
    fn only_addresses_of_our_own_networks_count_and_not_many() {
        let id = OTHER.to_string();
        let far = [
            "8.8.8.8",
            "192.168.8.1",
            "127.0.0.1",
            "0.0.0.0",
            "224.0.0.251",
            "192.168.7.0",
            "192.168.7.255",
            "::1",
            "fe80::1",
        ];
        assert_eq!(said(&id, "test", "1", 1, &far), Err(Ignored::NotNear));
        let many: Vec<String> = (1..100).map(|host| format!("192.168.7.{host}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(said(&id, "test", "1", 1, &many).expect("near").entrypoints.len(), LAN_ENTRYPOINTS);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_fall_over(
            properties in prop::collection::vec(("[a-z]{0,8}|id|network|port", prop::option::of(prop::collection::vec(any::<u8>(), 0..80))), 0..6),
            port: u16,
            addresses in prop::collection::vec(any::<IpAddr>(), 0..4),
        ) {
            let properties: Vec<_> = properties.iter().map(|(key, value)| (key.as_str(), value.as_deref())).collect();
            let _ = read(&Received { properties: &properties, port, addresses: &addresses }, &ME, "test", &near());
        }
    }
}
