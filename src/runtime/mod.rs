//! What joins the core to the world: the one loop, and what it carries out.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "files, clocks and the environment")]
mod alike;
mod api_file;
pub mod checks;
pub mod databases;
mod driver;
mod errors;
mod handlers;
pub mod inbound;
mod interface_watch;
mod interfaces;
mod lookup;
pub mod offline;
mod presentation;
pub mod recording;
pub mod run;
mod trace_budget;
mod transports;
pub mod whose;
