//! The router of this machine: the gateway of its default route.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};

/// The router, and our own address on its side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// The address of the router.
    pub gateway: Ipv4Addr,
    /// Our address, as the router sees it.
    pub local: Ipv4Addr,
}

impl Way {
    /// The way by that router; nothing if it cannot be reached from here. Nothing is sent.
    #[must_use]
    pub fn by(gateway: Ipv4Addr) -> Option<Self> {
        local_address_towards(gateway).map(|local| Self { gateway, local })
    }

    /// The way that the system takes for everything that is elsewhere. Linux says which router that is; on other
    /// systems it is not known, and a router is found by UPnP alone.
    #[must_use]
    pub fn out() -> Option<Self> {
        default_gateway().and_then(Self::by)
    }
}

/// The router for IPv6, which mostly has an address that means something at one link only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way6 {
    /// The address of the router.
    pub gateway: Ipv6Addr,
    /// The interface at whose link that is.
    pub scope_id: u32,
    /// The port of PCP: 5351, except in tests.
    pub pcp_port: u16,
    /// The port of discovery by UPnP: 1900, except in tests.
    pub ssdp_port: u16,
}

impl Way6 {
    /// The way that the system takes for everything that is elsewhere; it is known on Linux only.
    #[must_use]
    pub fn out() -> Option<Self> {
        let (gateway, scope_id) = default_gateway6()?;
        Some(Self { gateway, scope_id, pcp_port: crab_nat::GATEWAY_PORT, ssdp_port: 1900 })
    }

    /// A port of the router.
    #[must_use]
    pub fn at(&self, port: u16) -> SocketAddrV6 {
        // The number of an interface means nothing to an address that means the same everywhere.
        let scope_id = if self.gateway.is_unicast_link_local() { self.scope_id } else { 0 };
        SocketAddrV6::new(self.gateway, port, 0, scope_id)
    }
}

/// All ways out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ways {
    /// By IPv4.
    pub ipv4: Option<Way>,
    /// By IPv6.
    pub ipv6: Option<Way6>,
}

impl Ways {
    /// Those that the system takes for everything that is elsewhere.
    #[must_use]
    pub fn out() -> Self {
        Self { ipv4: Way::out(), ipv6: Way6::out() }
    }
}

/// Our address for packets to somebody, as the system would choose it. Connecting a socket of UDP sends nothing.
pub(super) fn local_address_towards(there: Ipv4Addr) -> Option<Ipv4Addr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((there, 9)).ok()?;
    match socket.local_addr().ok()? {
        SocketAddr::V4(local) if !local.ip().is_unspecified() => Some(*local.ip()),
        _ => None,
    }
}

/// Whether what comes to `local` reaches somebody who listens at `listens_at`.
pub(super) fn serves(listens_at: IpAddr, local: Ipv4Addr) -> bool {
    match listens_at.to_canonical() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => true,
        IpAddr::V4(address) => address == local,
        // `::` is both.
        IpAddr::V6(address) => address.is_unspecified(),
    }
}

#[cfg(target_os = "linux")]
fn default_gateway() -> Option<Ipv4Addr> {
    gateway_of(&table_of_routes("/proc/net/route")?)
}

#[cfg(target_os = "linux")]
fn default_gateway6() -> Option<(Ipv6Addr, u32)> {
    let table = table_of_routes("/proc/net/ipv6_route")?;
    let (gateway, interface) = gateway6_of(&table)?;
    let all = if_addrs::get_if_addrs().ok()?;
    let scope_id = all.into_iter().find(|it| it.name == interface)?.index?;
    Some((gateway, scope_id))
}

/// A table of the kernel, which has a line of 150 bytes at most for each route.
#[cfg(target_os = "linux")]
fn table_of_routes(path: &str) -> Option<String> {
    use std::io::Read as _;

    const TABLE_BYTES: u64 = 1 << 20;

    let mut table = String::new();
    let file = std::fs::File::open(path).ok()?;
    file.take(TABLE_BYTES).read_to_string(&mut table).ok()?;
    Some(table)
}

#[cfg(not(target_os = "linux"))]
fn default_gateway6() -> Option<(Ipv6Addr, u32)> {
    None
}

#[cfg(not(target_os = "linux"))]
fn default_gateway() -> Option<Ipv4Addr> {
    None
}

/// The gateway of the best default route in a table as /proc/net/route has it: addresses are hexadecimal, in the
/// machine's order of bytes (see `route.h` of Linux).
#[cfg(any(target_os = "linux", test))]
fn gateway_of(table: &str) -> Option<Ipv4Addr> {
    /// RTF_UP and RTF_GATEWAY.
    const UP_BY_GATEWAY: u32 = 0x1 | 0x2;

    let routes = table.lines().skip(1).filter_map(|line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let mut number = || u32::from_str_radix(fields.next()?, 16).ok();
        let (destination, gateway, flags) = (number()?, number()?, number()?);
        let metric: u32 = fields.nth(2)?.parse().ok()?;
        let mask = u32::from_str_radix(fields.next()?, 16).ok()?;
        let is_default = destination == 0 && mask == 0 && flags & UP_BY_GATEWAY == UP_BY_GATEWAY;
        is_default.then(|| (metric, Ipv4Addr::from(gateway.to_ne_bytes())))
    });
    routes.min_by_key(|(metric, _)| *metric).map(|(_, gateway)| gateway)
}

/// The gateway of the best default route in a table as /proc/net/ipv6_route has it, and the interface at which it is.
#[cfg(any(target_os = "linux", test))]
fn gateway6_of(table: &str) -> Option<(Ipv6Addr, &str)> {
    /// RTF_UP and RTF_GATEWAY.
    const UP_BY_GATEWAY: u32 = 0x1 | 0x2;

    let routes = table.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [destination, length, source, source_length, gateway, metric, _, _, flags, interface] = fields[..] else {
            return None;
        };
        let is_zero = |text: &str| text.bytes().all(|byte| byte == b'0');
        let is_default = [destination, length, source, source_length].into_iter().all(is_zero);
        let number = |text| u32::from_str_radix(text, 16).ok();
        let (metric, flags) = (number(metric)?, number(flags)?);
        let gateway = u128::from_str_radix(gateway, 16).ok().filter(|gateway| *gateway != 0)?;
        let is_way = is_default && flags & UP_BY_GATEWAY == UP_BY_GATEWAY;
        is_way.then_some((metric, Ipv6Addr::from_bits(gateway), interface))
    });
    routes.min_by_key(|(metric, ..)| *metric).map(|(_, gateway, interface)| (gateway, interface))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn the_gateway_is_that_of_the_best_default_route() {
        let head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";
        let lan = "eth0\t0000A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n";
        let worse = "wlan0\t00000000\tFE02A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n";
        let best = "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n";
        let down = "eth1\t00000000\t0102A8C0\t0002\t0\t0\t1\t00000000\t0\t0\t0\n";
        let half = "eth0\t00000000\t0909A8C0\t0003\t0\t0\t1\t00000080\t0\t0\t0\n";
        let table = [head, lan, worse, best, down, half].concat();
        assert_eq!(gateway_of(&table), Some(Ipv4Addr::new(192, 168, 1, 1)));
        assert_eq!(gateway_of(&[head, lan, down, half].concat()), None);
        for odd in ["", head, "a\nb c d\n", "x\neth0\tzz\t1\t3\t0\t0\t1\t0\n", "x\neth0 00000000 0101A8C0 0003 0 0\n"] {
            assert_eq!(gateway_of(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn the_gateway_for_ipv6_is_that_of_the_best_default_route() {
        let zero = "0".repeat(32);
        let route = |destination: &str, gateway: &str, metric: &str, flags: &str, interface: &str| {
            format!("{destination} 00 {zero} 00 {gateway} {metric} 00000001 00000000 {flags} {interface:>8}\n")
        };
        let near = "fe800000000000000000000000000001";
        let other = "fe800000000000000000000000000002";
        let lan =
            format!("26000001{} 40 {zero} 00 {zero} 00000100 00000001 00000000 00000001     eth0\n", "0".repeat(24));
        let worse = route(&zero, other, "00000400", "00000003", "wlan0");
        let best = route(&zero, near, "00000064", "00000003", "eth0");
        // As the kernel has it where there is none: unreachable, at lo.
        let none = route(&zero, &zero, "ffffffff", "00200200", "lo");
        let table = [lan.as_str(), &worse, &best, &none].concat();
        assert_eq!(gateway6_of(&table), Some(("fe80::1".parse().expect("an address"), "eth0")));
        assert_eq!(gateway6_of(&[lan, none].concat()), None);
        for odd in ["", "x", "a b c d e f g h i j\n", &best[..40]] {
            assert_eq!(gateway6_of(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn a_mapping_serves_who_listens_at_the_side_of_the_router() {
        let local = Ipv4Addr::new(10, 1, 0, 2);
        for (listens_at, is_served) in [
            ("0.0.0.0", true),
            ("::", true),
            ("10.1.0.2", true),
            ("10.2.0.2", false),
            ("127.0.0.1", false),
            ("::1", false),
        ] {
            assert_eq!(serves(listens_at.parse().expect("an address"), local), is_served, "{listens_at}");
        }
    }

    #[test]
    fn our_own_address_is_told_without_sending_anything() {
        assert_eq!(local_address_towards(Ipv4Addr::LOCALHOST), Some(Ipv4Addr::LOCALHOST));
    }
}
