//! A peer-to-peer node whose every behaviour is an explicit state machine: the map of its modules.
//!
//! What the node does is decided in `automata/*.yaml` and nowhere else; `docs/SEMANTICS.md` says what those files mean.

// The core is deterministic; clippy.toml says what that excludes. Modules of the rim allow it again at their roots.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod automata;
pub mod demo;
pub mod identity;
mod name;
pub mod nickname;
pub mod node;
pub mod services;
pub mod traces;
pub mod transports;

pub use name::ParseNameError;
