//! What circuits share.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize};

use tokio::sync::mpsc;

use super::event::{CircuitNumber, RelayEvent};
use super::orders::Order;
use crate::transports::tcp::TcpTransport;

/// What circuits share.
#[derive(Debug)]
pub(super) struct Inner {
    /// The sessions that others carry. It never listens.
    pub sessions: TcpTransport,
    pub events: mpsc::Sender<RelayEvent>,
    pub circuits: Mutex<HashMap<CircuitNumber, mpsc::UnboundedSender<Order>>>,
    pub numbers: AtomicU64,
    pub unknown: AtomicUsize,
}
