//! What joins the core to the world: the one loop, and what it carries out.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "files, clocks and the environment")]
pub mod checks;
pub mod driver;
mod handlers;
mod inbound;
mod lookup;
pub mod network;
pub mod offline;
pub mod our_identity;
mod pending;
mod presentation;
pub mod recording;
mod replies;
pub mod run;
mod searches;
