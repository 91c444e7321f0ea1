//! What joins the core to the world: the home folder, settings, logs.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "files, clocks and the environment")]
pub mod backup;
mod calls;
pub mod checks;
pub mod clock;
pub mod config;
mod contacts;
pub mod driver;
pub mod entropy;
pub mod home;
mod inbound;
pub mod logging;
pub mod network;
pub mod offline;
pub mod own;
pub mod passphrase;
pub mod recording;
pub mod run;
mod searches;
mod views;
mod who;
