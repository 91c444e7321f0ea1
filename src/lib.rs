//! A peer-to-peer node whose every behaviour is an explicit state machine: the map of its modules.
//!
//! What the node does is decided in `automata/*.yaml`; `docs/SEMANTICS.md` says what those files mean, and
//! `docs/decisions/0008-the-joints.md` what is left to Rust: sums, ranks, bounds.
//!
//! * Vocabulary: [`name`], [`words`], [`calendar`], [`pace`], [`nickname`], [`codec`], [`identity`], [`wire`],
//!   [`messages`], [`peers`], [`stun`], [`commons`].
//! * The core: [`automata`] (generated), [`world`] (what is known), [`hosts`] (conditions and actions), [`services`],
//!   [`node`] (the bus, inputs in, commands out).
//! * Neighbours: [`transports`], [`dht`], [`store`], [`traces`], [`home`] (what lies in the home folder), [`api`].
//! * [`runtime`] joins core and neighbours in one loop. [`client`] is the command line's side of the API, [`demo`] a
//!   quick look. [`hardening`] is what the process does for its secrets before anything else, [`privacy`] whether a
//!   file is the user's alone. [`quic_socket`] is the socket under QUIC, of sessions and of the API. [`abort_points`]
//!   lets a test end the program where it hurts.

// The core is deterministic; clippy.toml says what that excludes. Modules of the rim allow it again at their roots.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod abort_points;
pub mod api;
pub mod automata;
pub mod calendar;
pub mod client;
pub mod codec;
pub mod commons;
pub mod demo;
pub mod dht;
pub mod hardening;
pub mod home;
pub mod hosts;
pub mod household;
pub mod identity;
pub mod messages;
pub mod name;
pub mod nickname;
pub mod node;
pub mod pace;
pub mod peers;
pub mod privacy;
pub mod quic_socket;
pub mod runtime;
pub mod services;
pub mod store;
pub mod stun;
pub mod traces;
pub mod transports;
pub mod web;
pub mod wire;
pub mod words;
pub mod world;
