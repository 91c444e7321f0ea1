//! The local API: JSON-RPC 2.0 over HTTP, at a socket in the home folder, and behind a token at a port of loopback where
//! that is wanted. From the socket up to a bounded channel of typed calls, which the driver answers.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "sockets, files and time are the business of a rim"
)]

pub mod access;
pub mod answers;
pub mod bind;
pub mod errors;
pub mod hidden;
pub mod methods;
pub mod places;
pub mod proof;
pub mod reply;
pub mod rpc;
pub mod server;
pub mod socket;
