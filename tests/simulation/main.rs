//! Several cores in one virtual network, without sockets: what one asks of the rim becomes what another is told.
//! Virtual time, and the same run each time.

mod api_ports;
mod better_ways;
mod carrying;
mod lan;
mod mapping;
mod meetings;
mod network;
mod nicknames;
mod relays;
mod scenarios;
mod stun;
