//! STUN at sockets: the server, which answers whoever asks, and the clients, which ask peers. What is asked and
//! answered is made and judged in [`crate::stun`]; when it is asked, the automata `stun_server` and `stun_client`
//! decide.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the rim: sockets and time-outs are its business"
)]

mod clients;
mod connections;
mod dial;
mod ending;
mod filtering;
mod server;
mod shared;

pub use clients::{CLIENTS, Pending, StunClients, StunEvent};
pub use connections::{CONNECTIONS, CONNECTIONS_PER_NETWORK};
pub use dial::{HeldConnection, SharingSocket, ask_by, sharing};
pub use server::{Place, StunServer};
