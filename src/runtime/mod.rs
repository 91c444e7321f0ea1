//! What joins the core to the world: the home folder, settings, logs.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "files, clocks and the environment")]
pub mod backup;
pub mod config;
pub mod home;
pub mod logging;
