//! The API: JSON-RPC 2.0 over HTTP, WebSocket and WebTransport, at a socket in the home folder and at ports. From the
//! sockets up to a bounded channel of typed calls, which the driver answers.
//!
//! A request comes in at a [`server`], [`visitor`] looks by which way, [`rpc`] reads it, and the [`desk`] answers it; a
//! connection that stays is a [`conversation`].
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "sockets, files and time are the business of a rim"
)]

pub mod access;
pub mod answers;
pub mod asker;
pub mod bind;
pub mod certificate;
pub mod clients;
pub mod conversation;
pub mod desk;
pub mod door_methods;
pub mod errors;
pub mod feeds;
pub mod hidden;
pub mod http;
pub mod line;
pub mod methods;
pub mod metrics;
pub mod openrpc;
pub mod places;
pub mod proof;
pub mod reply;
pub mod rpc;
mod schema;
pub mod server;
pub mod socket;
pub mod visitor;
pub mod web_sessions;
pub mod websocket;
pub mod webtransport;
