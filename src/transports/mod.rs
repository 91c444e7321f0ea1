//! Transports: the ways to carry bytes between nodes.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

crate::name::name! {
    /// A way to carry bytes: `tcp`, `udp`.
    TransportName
}

/// Where a transport listens, and how.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The local address; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Whether the router is asked to pass the port on to this machine.
    pub map_port: bool,
}
