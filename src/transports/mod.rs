//! Transports: the ways to carry bytes between nodes.

crate::name::name! {
    /// A way to carry bytes: `tcp`, `udp`.
    TransportName
}

/// The transport over TCP.
#[must_use]
pub fn tcp_name() -> TransportName {
    "tcp".parse().expect("it is a name")
}
