//! An address at which a node can be reached: a transport, and a place on the network.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::name::{TransportName, relay_name, stun_name};

/// Characters of an entrypoint's text, at most.
pub const ENTRYPOINT_CHARACTERS: usize = 128;

/// Where a node listens: `tcp://203.0.113.5:7771`, `tcp://[2001:db8::5]:7771`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Entrypoint {
    /// By which transport.
    pub transport: TransportName,
    /// Where.
    pub address: SocketAddr,
}

/// All places where a node says that it can be reached, in its order.
pub type Entrypoints = Vec<Entrypoint>;

impl Entrypoint {
    /// Whether anybody on the internet can be meant: no loopback, private, link-local, documentation or multicast
    /// address.
    #[must_use]
    pub fn is_public(&self) -> bool {
        match self.address.ip().to_canonical() {
            IpAddr::V4(ip) => {
                let [a, b, c, _] = ip.octets();
                !(ip.is_unspecified() || ip.is_loopback() || ip.is_private() || ip.is_link_local())
                    && !(ip.is_multicast() || ip.is_broadcast() || ip.is_documentation())
                    // Shared (RFC 6598), IETF protocols, benchmarks (RFC 2544), reserved.
                    && !(a == 0 || a >= 240 || (a == 100 && b & 0xc0 == 64))
                    && !((a, b, c) == (192, 0, 0) || (a == 198 && b & 0xfe == 18))
            }
            IpAddr::V6(ip) => {
                // Global unicast is 2000::/3 today; 2001:db8::/32 is for documentation.
                let [first, second, ..] = ip.segments();
                first & 0xe000 == 0x2000 && (first, second) != (0x2001, 0x0db8)
            }
        }
    }

    /// Whether it is that of a STUN server, and of no transport: it is never dialled.
    #[must_use]
    pub fn is_stun(&self) -> bool {
        self.transport == stun_name()
    }

    /// Whether a session can be opened there: not at a STUN server, and a relayed session has no address of its own.
    #[must_use]
    pub fn can_be_dialled(&self) -> bool {
        !self.is_stun() && self.transport != relay_name()
    }

    /// Whether it is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.address.ip().to_canonical().is_loopback()
    }
}

impl fmt::Display for Entrypoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}", self.transport, self.address)
    }
}

impl FromStr for Entrypoint {
    type Err = ParseEntrypointError;

    fn from_str(text: &str) -> Result<Self, ParseEntrypointError> {
        let wrong = || ParseEntrypointError { text: text.chars().take(ENTRYPOINT_CHARACTERS).collect() };
        if text.len() > ENTRYPOINT_CHARACTERS {
            return Err(wrong());
        }
        let (transport, address) = text.split_once("://").ok_or_else(wrong)?;
        let address: SocketAddr = address.parse().map_err(|_| wrong())?;
        if address.port() == 0 {
            return Err(wrong());
        }
        Ok(Self { transport: transport.parse().map_err(|_| wrong())?, address })
    }
}

impl TryFrom<String> for Entrypoint {
    type Error = ParseEntrypointError;

    fn try_from(text: String) -> Result<Self, ParseEntrypointError> {
        text.parse()
    }
}

impl From<Entrypoint> for String {
    fn from(entrypoint: Entrypoint) -> Self {
        entrypoint.to_string()
    }
}

/// A text that is no entrypoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no entrypoint: it is written like tcp://203.0.113.5:7771, with an IP address and a port from 1 to 65535", .text.escape_debug())]
pub struct ParseEntrypointError {
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_and_written_alike() {
        for text in ["tcp://203.0.113.5:7771", "tcp://[2001:db8::5]:1", "udp://127.0.0.1:65535"] {
            assert_eq!(text.parse::<Entrypoint>().expect(text).to_string(), text);
        }
        for wrong in [
            "",
            "tcp",
            "tcp://",
            "tcp://host:7771",
            "tcp://1.2.3.4",
            "tcp://1.2.3.4:0",
            "TCP://1.2.3.4:1",
            "://1.2.3.4:1",
        ] {
            let error = wrong.parse::<Entrypoint>().expect_err(wrong).to_string();
            assert!(error.contains("tcp://203.0.113.5:7771"), "{error}");
        }
    }

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        let is_public = |address: &str| format!("tcp://{address}").parse::<Entrypoint>().expect(address).is_public();
        for public in ["8.8.8.8:1", "172.32.0.1:1", "[2606:4700::1]:1"] {
            assert!(is_public(public), "{public}");
        }
        for other in [
            "0.0.0.0:1",
            "10.1.2.3:1",
            "100.64.0.1:1",
            "127.0.0.1:1",
            "169.254.1.1:1",
            "172.16.0.1:1",
            "192.0.0.8:1",
            "192.168.0.1:1",
            "198.18.0.1:1",
            "203.0.113.5:1",
            "224.0.0.1:1",
            "255.255.255.255:1",
            "[::]:1",
            "[::1]:1",
            "[fe80::1]:1",
            "[fc00::1]:1",
            "[ff02::1]:1",
            "[2001:db8::1]:1",
            "[::ffff:10.0.0.1]:1",
            "[::ffff:127.0.0.1]:1",
        ] {
            assert!(!is_public(other), "{other}");
        }
    }
}
