//! A peer-to-peer node whose every behaviour is an explicit state machine: the map of its modules.
//!
//! What the node does is decided in `automata/*.yaml` and nowhere else; `docs/SEMANTICS.md` says what those files mean.

pub mod identity;
mod name;
pub mod nickname;
pub mod node;
pub mod services;
pub mod transports;

pub use name::ParseNameError;
