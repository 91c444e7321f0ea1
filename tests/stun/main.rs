//! STUN over real sockets of loopback: our server and our clients, liars, forgers and floods.

mod filtering;
mod floods;
mod interop;
mod liars;
mod rfc_5780;
mod talk;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bitpie::identity::NodeId;
use bitpie::stun::{Seen, TransactionId};
use bitpie::transports::stun::{Place, StunClients, StunEvent, StunServer};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Nothing of a test takes so long, unless it is broken.
const PATIENCE: Duration = Duration::from_secs(20);

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an IP")
}

fn peer(number: u8) -> NodeId {
    NodeId::from_bytes([number; 32])
}

fn ids(number: u8) -> [TransactionId; 2] {
    [TransactionId([number; 12]), TransactionId([number ^ 0xff; 12])]
}

/// A server at a free port of that address.
fn server_at(text: &str) -> StunServer {
    let place = Place { at: SocketAddr::new(ip(text), 0), other: None };
    StunServer::open(place, Arc::default(), || 7).expect("some port is free")
}

/// Clients, and what they come to.
fn clients() -> (StunClients, mpsc::Receiver<StunEvent>) {
    let (sender, events) = mpsc::channel(64);
    (StunClients::new(sender), events)
}

async fn next(events: &mut mpsc::Receiver<StunEvent>) -> StunEvent {
    timeout(PATIENCE, events.recv()).await.expect("in time").expect("the clients are there")
}

fn seen() -> Arc<Mutex<Seen>> {
    Arc::default()
}
