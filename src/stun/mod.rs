//! STUN (RFC 8489): a node asks others at which address they see it, and tells others the same. Pure: sockets, clock
//! and chance are in `transports/stun`.
//!
//! * [`message`]: bytes and messages, with the attributes of NAT behaviour discovery (RFC 5780).
//! * [`server`]: what a request is answered with, and from where. [`rates`]: how many are answered. [`seen`]: what of
//!   it is remembered.
//! * [`client`]: a request, and whether what comes back is to be believed.
//! * [`observed`]: what several observers together prove of our address, and of the router in front of us.
//!   [`filtering`]: whom that lets in.
//!
//! The messages are written and read here and not by a crate: `stun-types` has no attribute of RFC 5780, so that each
//! would be an implementation of its traits, longer than the attribute; and what is left, a header and a list of types,
//! lengths and values, is short.

pub mod client;
pub mod filtering;
mod fingerprint;
pub mod message;
pub mod observed;
pub mod rates;
pub mod seen;
pub mod server;

pub use client::{Answered, Asked, Elsewhere, Unbelievable};
pub use filtering::{Filtering, FilteringTest, Tested};
pub use message::{Malformed, TransactionId, is_stun};
pub use observed::{External, Mapping, Observation, Observations, OurSocket};
pub use rates::Rates;
pub use seen::{Seen, SeenFrom};
pub use server::{Answer, Carrier, Received, answer};

/// An IP address and a port, as automata carry them.
pub type SocketAddress = std::net::SocketAddr;

/// The port of STUN, over UDP and TCP (RFC 8489, section 18.6).
pub const STUN_PORT: u16 = 3478;
