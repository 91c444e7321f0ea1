//! What circuits share.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use tokio::sync::mpsc;

use super::event::{CircuitNumber, RelayEvent};
use super::orders::Order;
use crate::transports::SessionNumber;
use crate::transports::sessions::lock;
use crate::transports::tcp::TcpTransport;

/// What circuits share.
#[derive(Debug)]
pub(super) struct Inner {
    /// The sessions that others carry. It never listens.
    pub sessions: TcpTransport,
    pub events: mpsc::Sender<RelayEvent>,
    pub circuits: Mutex<HashMap<CircuitNumber, mpsc::UnboundedSender<Order>>>,
    pub numbers: AtomicU64,
    /// Bulk streams of each session of which it is not known yet what they are for.
    unknown: Mutex<HashMap<SessionNumber, usize>>,
}

impl Inner {
    pub fn new(sessions: TcpTransport, events: mpsc::Sender<RelayEvent>) -> Self {
        let (circuits, numbers, unknown) = Default::default();
        Self { sessions, events, circuits, numbers, unknown }
    }

    /// It is to be read what a bulk stream of the session is for; not if that is not known of so many others.
    pub fn begin_to_read(&self, session: SessionNumber, limit: usize) -> bool {
        let mut unknown = lock(&self.unknown);
        let of_session = unknown.entry(session).or_default();
        let has_room = *of_session < limit;
        *of_session += usize::from(has_room);
        has_room
    }

    /// It is known of one of them, or will never be.
    pub fn has_read(&self, session: SessionNumber) {
        if let Entry::Occupied(mut of_session) = lock(&self.unknown).entry(session) {
            *of_session.get_mut() -= 1;
            if *of_session.get() == 0 {
                of_session.remove();
            }
        }
    }
}
