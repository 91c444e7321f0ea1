//! What joins the core to the world: the one loop, and what it carries out.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "files, clocks and the environment")]
mod calls;
pub mod checks;
mod contacts;
pub mod driver;
mod inbound;
pub mod network;
pub mod offline;
pub mod own;
pub mod recording;
pub mod run;
mod searches;
mod views;
mod who;
