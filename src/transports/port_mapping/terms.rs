//! What is asked of a router, and what it answers.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::protocol::{IpProtocol, MappingProtocol};

/// What is to be mapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// What is mapped.
    pub protocol: IpProtocol,
    /// Where the transport listens.
    pub listens_at: SocketAddr,
    /// For how long.
    pub lifetime: Duration,
    /// A port of the router's address of IPv4 is wanted.
    pub maps_ipv4: bool,
    /// Our addresses of IPv6 to which a firewall is to let others in.
    pub pinholes: Vec<Ipv6Addr>,
}

impl Wish {
    /// The lifetime in whole seconds, at least one: 0 would remove the mapping, or make one that never ends.
    pub(super) fn lifetime_s(&self) -> u32 {
        u32::try_from(self.lifetime.as_secs()).unwrap_or(u32::MAX).max(1)
    }
}

/// What a router has mapped, or lets in: at least one of both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// What comes there is passed on.
    pub external: Option<SocketAddr>,
    /// What comes there is let in.
    pub pinholes: Vec<SocketAddr>,
    /// For how long, as the router says.
    pub lifetime: Duration,
    /// How the router was asked.
    pub protocol: MappingProtocol,
    /// Why one of both is missing, if both were wanted.
    pub missing: Option<String>,
}

/// What a router says that it has done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Granted {
    pub(super) ip: IpAddr,
    pub(super) port: u16,
    pub(super) lifetime: Duration,
}

impl Granted {
    /// The same, if it can be meant: one host of IPv4, and a port.
    pub(super) fn mapped(self, protocol: MappingProtocol) -> Result<Mapped, Unmapped> {
        match self.ip.to_canonical() {
            IpAddr::V4(ip)
                if !(ip.is_unspecified() || ip.is_loopback() || ip.is_multicast() || ip.is_broadcast())
                    && self.port != 0 =>
            {
                let external = Some(SocketAddr::new(ip.into(), self.port));
                Ok(Mapped { external, pinholes: Vec::new(), lifetime: self.lifetime, protocol, missing: None })
            }
            // What a router without an address answers, too.
            _ => Err(Unmapped::Cut),
        }
    }
}

/// Why a router has not mapped a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unmapped {
    /// Nobody answers.
    Silent,
    /// It does not know how.
    Unable,
    /// It may not.
    Forbidden,
    /// It has no address itself.
    Cut,
    /// It has nothing left to map.
    Full,
    /// Somebody translates addresses between it and us.
    Between,
    /// Somebody answers who is not it.
    Stranger,
    /// The transport listens at an address that it does not reach.
    Elsewhere,
    /// Its answer means nothing.
    Unclear,
}

impl fmt::Display for Unmapped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Silent => "no answer",
            Self::Unable => "not supported",
            Self::Forbidden => "not allowed by the router",
            Self::Cut => "the router has no address of its own on the outside",
            Self::Full => "the router has no port left for it",
            Self::Between => "something stands between this machine and the router",
            Self::Stranger => "somebody answers who is not the router, and is not believed",
            Self::Elsewhere => "the node does not listen on the side of the router",
            Self::Unclear => "the answer cannot be understood",
        })
    }
}
