//! The router of this machine: the gateway of its default route.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

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
    use std::io::Read as _;

    /// The kernel's table has a line of 128 bytes for each route.
    const TABLE_BYTES: u64 = 1 << 20;

    let mut table = String::new();
    let file = std::fs::File::open("/proc/net/route").ok()?;
    file.take(TABLE_BYTES).read_to_string(&mut table).ok()?;
    gateway_of(&table)
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
