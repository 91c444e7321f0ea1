//! Transports: the ways to carry bytes between nodes.

crate::name::name! {
    /// A way to carry bytes: `tcp`, `udp`.
    TransportName
}
