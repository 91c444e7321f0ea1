//! Addresses that are likely to be in one hand: the same 24 bits of IPv4, or the same 48 bits of IPv6, which is what one
//! customer gets. Whoever has many addresses has them most cheaply in few of these groups.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Such a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressGroup(IpAddr);

impl AddressGroup {
    /// The group of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                Ipv4Addr::new(a, b, c, 0).into()
            }
            IpAddr::V6(address) => {
                let [a, b, c, ..] = address.segments();
                Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).into()
            }
        })
    }
}

impl fmt::Display for AddressGroup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(network) => write!(formatter, "{network}/24"),
            IpAddr::V6(network) => write!(formatter, "{network}/48"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_one_group() {
        let group = |text: &str| AddressGroup::of(text.parse().expect("an address")).to_string();
        assert_eq!(group("203.0.113.5"), "203.0.113.0/24");
        assert_eq!(group("::ffff:203.0.113.250"), "203.0.113.0/24");
        assert_eq!(group("2001:db8:1:2::3"), "2001:db8:1::/48");
        assert_ne!(group("203.0.114.5"), group("203.0.113.5"));
    }
}
