//! The local API: JSON-RPC 2.0 over HTTP on loopback, behind a token. From the socket up to a bounded channel of typed
//! calls, which the driver answers.
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
pub mod reply;
pub mod rpc;
pub mod server;
