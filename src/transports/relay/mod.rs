//! Relayed sessions: ours, which another node carries, and those of others, which this node carries.
//!
//! Whoever wants such a session opens a bulk stream with a node that both know, and says with whom (`wire::bulk`). That
//! node opens a bulk stream with the other side, and passes bytes between the two. The session itself is the one that
//! goes over TCP otherwise, with the same handshake: who carries it sees sizes and times, and nothing else.
//!
//! Each circuit is a task of its own, which owns its streams; [`Relay`] is a cheap handle that leaves orders with it.
//! What is carried, and for whom, is decided by the automaton `relay_circuit`.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the rim: streams and time-outs are its business"
)]

mod circuit;
mod event;
mod inner;
mod orders;
mod preface;
mod splice;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::mpsc;

use super::sessions::{Caller, OpeningLine, lock};
use super::tcp::TcpTransport;
use super::{IncomingBulk, OpeningBulk, SessionNumber, Transport};
use crate::identity::NodeId;
use crate::wire::{BulkAnswer, BulkOpening, CarryRefusal};

use inner::Inner;
use orders::Order;

pub use event::{CircuitNumber, RelayEvent};

/// Bulk streams of a session of which it is not known yet what they are for, at most. Whoever opens one says at once
/// what for, so these are few; and there is no bound of all sessions together, which some could use up for all.
const UNKNOWN_STREAMS: usize = 4;

/// Sessions that others carry, and those of others. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Relay {
    inner: Arc<Inner>,
}

impl Relay {
    /// No circuit yet. Carried sessions are those of a transport that never listens, and that nobody dials by an
    /// address.
    #[must_use]
    pub fn new(sessions: TcpTransport, events: mpsc::Sender<RelayEvent>) -> Self {
        Self { inner: Arc::new(Inner::new(sessions, events)) }
    }

    /// The sessions that others carry.
    #[must_use]
    pub fn sessions(&self) -> &dyn Transport {
        &self.inner.sessions
    }

    /// Opens a session through another node, by a bulk stream of the session with it, which comes from that address.
    /// The number is even, and of no session that has not been closed. Answered by `Connected` or `Closed`.
    pub fn dial(&self, session: SessionNumber, stream: OpeningBulk, remote: SocketAddr, expected: NodeId) {
        let line: OpeningLine = Box::pin(async move {
            let mut stream = stream.await.map_err(|error| error.to_string())?;
            match preface::ask(&mut stream, BulkOpening::Carry(expected)).await {
                Ok(BulkAnswer::Taken) => Ok(stream),
                Ok(BulkAnswer::TurnedDown(reason)) => Err(format!("the relay refused: {}", reason.in_words())),
                Err(error) => Err(format!("the relay went away: {error}")),
            }
        });
        self.inner.sessions.dial_through(session, line, remote, expected);
    }

    /// A peer has opened a bulk stream. It is read, in a task of its own, what it is for.
    pub fn incoming(&self, bulk: IncomingBulk) {
        let IncomingBulk { session, peer, mut stream } = bulk;
        if !self.inner.begin_to_read(session, UNKNOWN_STREAMS) {
            return;
        }
        let inner = Arc::clone(&self.inner);
        tokio::spawn(async move {
            let opening = preface::read_opening(&mut stream).await;
            inner.has_read(session);
            let circuit = inner.numbers.fetch_add(1, Ordering::Relaxed) + 1;
            let event = match opening {
                Ok(BulkOpening::Carry(target)) => RelayEvent::Asked { circuit, by: peer, session, target },
                Ok(BulkOpening::Call(caller)) => RelayEvent::Called { circuit, by: peer, session, caller },
                // A stream that is for nothing we know is dropped, which the peer sees.
                Ok(BulkOpening::Unknown(_)) | Err(_) => return,
            };
            circuit::run(&inner, circuit, stream, event).await;
        });
    }

    /// Asks whoever is wanted, by a bulk stream of the session with them, whether they take the session. Answered by
    /// `Taken` or `NotTaken`.
    pub fn offer(&self, circuit: CircuitNumber, stream: OpeningBulk, caller: NodeId) {
        self.order(circuit, Order::Offer { stream, caller });
    }

    /// Passes bytes between the two, so many in a second at most. Answered by `Ended`.
    pub fn join(&self, circuit: CircuitNumber, bytes_per_second: u64) {
        self.order(circuit, Order::Join { bytes_per_second });
    }

    /// Tells whoever has asked that there will be no session.
    pub fn turn_down(&self, circuit: CircuitNumber, reason: CarryRefusal) {
        self.order(circuit, Order::TurnDown(reason));
    }

    /// Begins the session by which somebody has called. The transport tells of it by `Accepted`.
    pub fn take(&self, circuit: CircuitNumber, by: Caller) {
        self.order(circuit, Order::Take(by));
    }

    /// Ends a circuit at once.
    pub fn cut(&self, circuit: CircuitNumber) {
        lock(&self.inner.circuits).remove(&circuit);
    }

    /// Gives an order to a circuit. One that ended meanwhile has told so, or is about to.
    fn order(&self, circuit: CircuitNumber, order: Order) {
        if let Some(orders) = lock(&self.inner.circuits).get(&circuit) {
            let _ = orders.send(order);
        }
    }
}
