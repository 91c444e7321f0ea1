//! What anybody in the local network can announce. What is taken leads only to somebody near, and says again what it
//! said.
//!
//! An input is the port (2 bytes), a number of addresses with 2 bytes for each, and then the properties: a length and a
//! name, a length and a value.

#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bitpie::identity::NodeId;
use bitpie::transports::lan::{Announcement, Ignored, LAN_ENTRYPOINTS, Ports, Received, Subnet, read, txt};
use libfuzzer_sys::fuzz_target;

const ME: NodeId = NodeId::from_bytes([1; 32]);
const NETWORK: &str = "main";

fn near() -> [Subnet; 2] {
    let of_v6 = Ipv6Addr::new(0xfd00, 0, 0, 1, 0, 0, 0, 1);
    [Subnet::new(IpAddr::V4(Ipv4Addr::new(192, 168, 7, 20)), 24), Subnet::new(IpAddr::V6(of_v6), 64)]
}

/// An address near or far.
fn address([kind, host]: [u8; 2]) -> IpAddr {
    match kind % 4 {
        0 => IpAddr::V4(Ipv4Addr::new(192, 168, 7, host)),
        1 => IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 1, 0, 0, 0, host.into())),
        2 => IpAddr::V4(Ipv4Addr::new(host, kind, kind, host)),
        _ => IpAddr::V6(Ipv6Addr::from([host; 16])),
    }
}

/// What stands behind its length, and the rest.
fn part(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = data.split_first()?;
    rest.split_at_checked((*length).into())
}

fn look(properties: &[(&str, Option<&[u8]>)], port: u16, addresses: &[IpAddr]) -> Result<Announcement, Ignored> {
    read(&Received { properties, port, addresses }, &ME, NETWORK, &near())
}

fuzz_target!(|data: &[u8]| {
    let Some(([high, low, count], rest)) = data.split_first_chunk().map(|(first, rest)| (*first, rest)) else { return };
    let Some((pairs, mut rest)) = rest.split_at_checked(2 * usize::from(count % 32)) else { return };
    let addresses: Vec<IpAddr> = pairs.chunks_exact(2).map(|pair| address([pair[0], pair[1]])).collect();
    let port = u16::from_be_bytes([high, low]);
    let mut properties = Vec::new();
    while let Some((name, behind)) = part(rest) {
        let Ok(name) = std::str::from_utf8(name) else { return };
        let value = part(behind);
        properties.push((name, value.map(|(value, _)| value)));
        rest = value.map_or(&[], |(_, rest)| rest);
    }
    let Ok(taken) = look(&properties, port, &addresses) else { return };
    assert_ne!(taken.id, ME);
    assert!((1..=LAN_ENTRYPOINTS).contains(&taken.entrypoints.len()));
    for entrypoint in &taken.entrypoints {
        let ip = entrypoint.address.ip();
        assert!(addresses.contains(&ip) && near().iter().any(|subnet| subnet.has_host(ip)), "{ip}");
    }
    let ports = Ports::of(&taken.entrypoints);
    assert_eq!(ports.of_srv(), Some(port));
    let again = txt(&taken.id, NETWORK, ports);
    let again: Vec<_> = again.iter().map(|(name, value)| (*name, Some(value.as_bytes()))).collect();
    assert_eq!(look(&again, port, &addresses), Ok(taken));
});
