//! The machine's network, as far as the node looks at it. Nothing is sent.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use crate::identity::Entrypoint;
use crate::name::TransportName;

/// What transports stand on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Addresses of interfaces that serve somebody who listens, in order.
    pub addresses: Vec<IpAddr>,
    /// Whether there is a way beyond the machine's own networks.
    pub has_way_out: bool,
}

impl Surroundings {
    /// As they are now, for whoever listens at these addresses.
    #[must_use]
    pub fn of(listens_at: impl Iterator<Item = IpAddr> + Clone) -> Self {
        let mut addresses: Vec<IpAddr> = listens_at.clone().flat_map(interfaces).collect();
        addresses.sort();
        addresses.dedup();
        Self { addresses, has_way_out: listens_at.into_iter().any(has_way_out) }
    }
}

/// All addresses of interfaces that are up, loopback included; nothing if the system does not tell, as when it has no more
/// descriptors.
#[must_use]
pub fn own_addresses() -> Option<Vec<IpAddr>> {
    let all = if_addrs::get_if_addrs().inspect_err(|error| tracing::warn!(%error, "no interface can be seen")).ok()?;
    // An interface that is down, or whose cable was pulled, may keep its address.
    Some(all.iter().filter(|interface| interface.is_oper_up()).map(if_addrs::Interface::ip).collect())
}

/// Addresses of the interfaces that serve somebody who listens at `address`, in order.
#[must_use]
pub fn interfaces(address: IpAddr) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> =
        own_addresses().unwrap_or_default().into_iter().filter(|ip| serves(address, *ip)).collect();
    found.sort();
    found.dedup();
    found
}

/// Whether packets for `ip` come to somebody who listens at `address`, from beyond this machine unless it is loopback
/// that is listened on.
fn serves(address: IpAddr, ip: IpAddr) -> bool {
    match address {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => ip.is_ipv4() && !ip.is_loopback(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => !ip.is_loopback() && !is_link_local(ip),
        address => address == ip,
    }
}

fn is_link_local(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local())
}

/// Where somebody who listens at `address` can be reached. Addresses of the internet come first.
#[must_use]
pub fn entrypoints(transport: &TransportName, address: SocketAddr) -> Vec<Entrypoint> {
    let ips = if address.ip().is_unspecified() { interfaces(address.ip()) } else { vec![address.ip()] };
    let at = |ip| Entrypoint { transport: transport.clone(), address: SocketAddr::new(ip, address.port()) };
    let mut entrypoints: Vec<Entrypoint> = ips.into_iter().map(at).collect();
    entrypoints.sort_by_key(|entrypoint| !entrypoint.is_public());
    entrypoints
}

/// Whether the machine has a route beyond its own networks: asked of the system by an address for documentation (RFC
/// 5737), to which nothing is sent. On loopback there is nothing beyond.
#[must_use]
pub fn has_way_out(address: IpAddr) -> bool {
    if address.is_loopback() {
        return true;
    }
    let v4: (IpAddr, SocketAddr) = (Ipv4Addr::UNSPECIFIED.into(), (Ipv4Addr::new(192, 0, 2, 1), 9).into());
    let v6: (IpAddr, SocketAddr) =
        (Ipv6Addr::UNSPECIFIED.into(), (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), 9).into());
    let has_route = |(from, to)| UdpSocket::bind((from, 0)).and_then(|socket| socket.connect(to)).is_ok();
    match address {
        IpAddr::V4(_) => has_route(v4),
        // `::` is both.
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => has_route(v4) || has_route(v6),
        IpAddr::V6(_) => has_route(v6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_served_only_if_it_is_what_is_listened_on() {
        let loopback: IpAddr = Ipv4Addr::LOCALHOST.into();
        assert_eq!(interfaces(loopback), [loopback]);
        assert!(!interfaces(Ipv4Addr::UNSPECIFIED.into()).contains(&loopback));
        assert_eq!(
            entrypoints(&"tcp".parse().expect("a name"), "127.0.0.1:7".parse().expect("an address"))[0].to_string(),
            "tcp://127.0.0.1:7"
        );
        assert!(has_way_out(loopback));
    }
}
