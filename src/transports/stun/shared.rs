//! What the sockets of the server share: who is answered, and who has been.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::UdpSocket;
use tokio::time::Instant;

use crate::stun::{Rates, Seen};

/// What all sockets of the server share.
pub(super) struct Shared {
    /// Those of UDP, each with its address.
    pub(super) sockets: Vec<(SocketAddr, UdpSocket)>,
    rates: Mutex<Rates>,
    seen: Arc<Mutex<Seen>>,
    unix_ms: fn() -> u64,
    started: Instant,
}

impl Shared {
    /// Nobody has asked yet.
    pub(super) fn new(sockets: Vec<(SocketAddr, UdpSocket)>, seen: Arc<Mutex<Seen>>, unix_ms: fn() -> u64) -> Self {
        Self { sockets, rates: Mutex::default(), seen, unix_ms, started: Instant::now() }
    }

    /// Whether a request from there is answered now.
    pub(super) fn admits(&self, from: SocketAddr) -> bool {
        let now_us = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.rates.lock().unwrap_or_else(PoisonError::into_inner).take(from.ip(), now_us)
    }

    /// A request from there was answered.
    pub(super) fn note(&self, from: SocketAddr) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).note(from, (self.unix_ms)());
    }

    /// The address that differs from this one in IP and port.
    pub(super) fn opposite(&self, at: SocketAddr) -> Option<SocketAddr> {
        let all = self.sockets.iter().map(|(address, _)| *address);
        all.into_iter().find(|other| other.ip() != at.ip() && other.port() != at.port())
    }

    /// The other port at the same IP.
    pub(super) fn other_port(&self, at: SocketAddr) -> Option<u16> {
        let ports = self.sockets.iter().map(|(address, _)| address).filter(|other| other.ip() == at.ip());
        ports.map(SocketAddr::port).find(|port| *port != at.port())
    }
}
