//! Whole nodes: the program itself, run in homes of its own, asked by its API, over real sockets on loopback.
//!
//! Nobody sleeps here for something to have happened: every wait is for a condition, and has a deadline. Where an
//! honest node never does what is to be tried, a peer driven by hand does it (`peer.rs`).

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "processes, files, sockets and time are what is tested"
)]

mod api_gone;
mod back_off;
mod backups;
mod browser;
mod changes;
mod compare;
mod crash;
mod damaged;
mod demo;
mod floods;
mod folders_gone;
mod frames;
mod interop;
mod invitations;
mod lan;
mod last_seen;
mod lost_history;
mod lost_key;
mod misbehaviour;
mod names;
mod nodes;
mod other_users;
mod passphrase;
mod peer;
mod peers;
mod places;
mod proxy;
mod ratings;
#[path = "../transports/tcp/raw.rs"]
#[allow(dead_code, reason = "the tests of the transport alone use more of it")]
mod raw;
mod refusals;
mod refused_often;
mod relays;
mod replays;
mod rotation;
mod secrets;
mod signals;
mod stranger;
mod stun;
mod talk;
mod traffic;
mod truth;
mod two_sessions;
mod vanish;
mod violations;
mod ways;
mod webtransport;
