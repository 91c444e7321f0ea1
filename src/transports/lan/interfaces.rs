//! The network interfaces on which nodes near us are looked for.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use if_addrs::{IfAddr, Interface};
use socket2::{Domain, Protocol, Socket, Type};

/// The group to which questions and answers go (RFC 6762, section 3).
const GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);

/// The same in IPv6.
const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);

/// A network to which an interface is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subnet {
    own: IpAddr,
    prefix_bits: u8,
}

impl Subnet {
    /// The network in which we have that address; so many bits are the same in all its addresses.
    #[must_use]
    pub const fn new(own: IpAddr, prefix_bits: u8) -> Self {
        Self { own, prefix_bits }
    }

    /// Whether an address is that of a single host of this network. Link-local addresses of IPv6 are none that can be
    /// told to anybody, since they mean something at one interface alone.
    #[must_use]
    pub fn has_host(&self, address: IpAddr) -> bool {
        match (self.own, address) {
            (IpAddr::V4(own), IpAddr::V4(address)) => {
                let hosts = u32::MAX.checked_shr(u32::from(self.prefix_bits)).unwrap_or(0);
                let (own, number) = (u32::from(own), u32::from(address));
                // The first and the last address of a network are the network itself and all of its hosts, where it has
                // room for that.
                let is_one_host = hosts <= 1 || (number & hosts != 0 && number & hosts != hosts);
                own & !hosts == number & !hosts && is_one_host && !address.is_unspecified() && !address.is_multicast()
            }
            (IpAddr::V6(own), IpAddr::V6(address)) => {
                let hosts = u128::MAX.checked_shr(u32::from(self.prefix_bits)).unwrap_or(0);
                u128::from(own) & !hosts == u128::from(address) & !hosts
                    && !(address.is_unspecified() || address.is_multicast() || address.is_unicast_link_local())
            }
            _ => false,
        }
    }
}

/// The interfaces on which nodes are looked for: those that are named; without names all that are up, but for loopback.
///
/// # Errors
/// What stands in the way, and what to do.
pub fn selected(names: &[String]) -> Result<Vec<Interface>, String> {
    let all = if_addrs::get_if_addrs().map_err(|error| format!("the network interfaces cannot be listed: {error}"))?;
    let known: BTreeSet<&str> = all.iter().map(|interface| interface.name.as_str()).collect();
    let known = known.into_iter().collect::<Vec<_>>().join(", ");
    if let Some(missing) = names.iter().find(|name| all.iter().all(|interface| interface.name != **name)) {
        return Err(format!(
            "there is no interface `{missing}` with an address: services/lan-discovery/interfaces can name {known}"
        ));
    }
    let is_wanted = |interface: &Interface| match names {
        [] => !interface.is_loopback(),
        names => names.contains(&interface.name),
    };
    let selected: Vec<Interface> =
        all.iter().filter(|interface| interface.is_oper_up() && is_wanted(interface)).cloned().collect();
    if selected.is_empty() {
        return Err(if names.is_empty() {
            "this machine is in no local network: no interface but loopback is up".to_owned()
        } else {
            format!("no interface of services/lan-discovery/interfaces is up: {}", names.join(", "))
        });
    }
    Ok(selected)
}

/// The networks of these interfaces.
#[must_use]
pub fn subnets(interfaces: &[Interface]) -> Vec<Subnet> {
    let subnet = |interface: &Interface| match &interface.addr {
        IfAddr::V4(v4) => Subnet::new(v4.ip.into(), v4.prefixlen),
        IfAddr::V6(v6) => Subnet::new(v6.ip.into(), v6.prefixlen),
    };
    interfaces.iter().map(subnet).collect()
}

/// Whether what others say in the local network can be heard at all: the port can be shared, and one of the interfaces
/// takes part in multicast. The library that does the rest tells nobody if not.
///
/// # Errors
/// What stands in the way, and what to do.
pub fn try_multicast(interfaces: &[Interface], port: u16) -> Result<(), String> {
    let mut refused = None;
    for interface in interfaces {
        match join(interface, port) {
            Ok(()) => return Ok(()),
            Err(Refused::Port(error)) => {
                return Err(format!(
                    "UDP port {port}, at which nodes find each other, cannot be opened: {error}; does another program keep it to itself?"
                ));
            }
            Err(Refused::Group(error)) => refused = Some((interface.name.as_str(), error)),
        }
    }
    let (name, error) = refused.unwrap_or(("none", io::Error::other("there is no interface")));
    Err(format!(
        "no interface takes part in multicast (the last one tried was {name}: {error}); name another one in services/lan-discovery/interfaces"
    ))
}

enum Refused {
    Port(io::Error),
    Group(io::Error),
}

fn join(interface: &Interface, port: u16) -> Result<(), Refused> {
    let ip = interface.ip();
    let any: IpAddr = if ip.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let address = SocketAddr::new(any, port);
    let open = || {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(true)?;
        if ip.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.bind(&address.into())?;
        Ok(socket)
    };
    let socket = open().map_err(Refused::Port)?;
    match ip {
        IpAddr::V4(ip) => socket.join_multicast_v4(&GROUP_V4, &ip),
        IpAddr::V6(_) => socket.join_multicast_v6(&GROUP_V6, interface.index.unwrap_or(0)),
    }
    .map_err(Refused::Group)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(own: &str, prefix_bits: u8, address: &str) -> bool {
        let own = own.parse().expect("an address");
        Subnet::new(own, prefix_bits).has_host(address.parse().expect("an address"))
    }

    #[test]
    fn hosts_of_a_network_are_told_from_all_else() {
        assert!(has("10.1.2.3", 8, "10.200.0.1") && !has("10.1.2.3", 8, "11.0.0.1"));
        assert!(!has("10.1.2.3", 8, "10.0.0.0") && !has("10.1.2.3", 8, "10.255.255.255"));
        assert!(has("10.1.2.2", 31, "10.1.2.3"), "two hosts, and nothing else");
        assert!(has("10.1.2.3", 32, "10.1.2.3") && !has("10.1.2.3", 32, "10.1.2.4"));
        assert!(!has("10.1.2.3", 0, "224.0.0.1") && !has("10.1.2.3", 0, "0.0.0.0") && has("10.1.2.3", 0, "8.8.8.8"));
        assert!(has("fd00::2", 64, "fd00::3") && !has("fd00::2", 64, "fd01::3") && !has("fd00::2", 64, "10.0.0.1"));
        assert!(!has("fe80::2", 64, "fe80::3"));
        assert!(has("127.0.0.1", 8, "127.0.0.1"));
    }

    #[test]
    fn loopback_is_looked_at_only_if_it_is_named() {
        let name = |interfaces: Vec<Interface>| interfaces.into_iter().map(|it| it.name).collect::<Vec<_>>();
        let all = if_addrs::get_if_addrs().expect("there are interfaces");
        let loopback = all.iter().find(|interface| interface.is_loopback()).expect("every machine has it").name.clone();
        assert!(!selected(&[]).map(name).unwrap_or_default().contains(&loopback));
        assert!(name(selected(std::slice::from_ref(&loopback)).expect("it is up")).contains(&loopback));
        let error = selected(&["no-such-0".into()]).expect_err("there is none");
        assert!(error.contains("`no-such-0`") && error.contains(&loopback), "{error}");
    }

    #[test]
    fn a_port_that_somebody_keeps_to_themselves_is_told() {
        let all = if_addrs::get_if_addrs().expect("there are interfaces");
        let loopback: Vec<Interface> =
            all.into_iter().filter(|interface| interface.is_loopback() && interface.ip().is_ipv4()).collect();
        let keeper = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a free port");
        let port = keeper.local_addr().expect("it is bound").port();
        let error = try_multicast(&loopback, port).expect_err("it is kept");
        assert!(error.contains(&format!("UDP port {port}")), "{error}");
        drop(keeper);
        assert_eq!(try_multicast(&loopback, port), Ok(()));
    }
}
