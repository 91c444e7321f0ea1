//! How a router is asked, and what for.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::TransportName;

/// By which protocol a router was asked to map a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MappingProtocol {
    /// The Port Control Protocol (RFC 6887).
    Pcp,
    /// Its predecessor, the NAT Port Mapping Protocol (RFC 6886).
    NatPmp,
    /// The Internet Gateway Device protocol of UPnP.
    Upnp,
}

impl fmt::Display for MappingProtocol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Pcp => "PCP",
            Self::NatPmp => "NAT-PMP",
            Self::Upnp => "UPnP",
        })
    }
}

/// The protocol beneath a transport: what routers map the ports of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpProtocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl IpProtocol {
    /// Its number in packets of IP.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
        }
    }

    /// What a transport of that name stands on; nothing if routers cannot map it.
    #[must_use]
    pub fn of(transport: &TransportName) -> Option<Self> {
        match transport.as_str() {
            "tcp" => Some(Self::Tcp),
            "udp" => Some(Self::Udp),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_transport_says_what_is_mapped() {
        let of = |name: &str| IpProtocol::of(&name.parse().expect("a name"));
        assert_eq!([of("tcp"), of("udp"), of("carrier-pigeon")], [Some(IpProtocol::Tcp), Some(IpProtocol::Udp), None]);
    }
}
