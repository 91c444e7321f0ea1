//! The TCP transport: sockets, Noise for secrecy and identity, yamux for streams, frames of bytes in the control
//! stream. Sessions that another node carries (`relay`) are the same, over a stream of bytes in place of a socket.
//!
//! Every session is a task of its own that owns its socket; [`TcpTransport`] is a cheap handle that leaves orders with
//! it. Orders are bounded, and so is everything that is read, so that neither this node nor its peer can make the
//! other's memory grow.
//!
//! A frame goes out by `Orders`, `Control`, yamux, `NoiseStream`, the socket; one that comes in goes the same way back,
//! and by `EventQueue` to whoever takes the events.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the rim: sockets and time-outs are its business"
)]

mod buffers;
mod bulk;
mod control;
mod event_queue;
mod handshake;
mod inner;
mod line;
mod listener;
mod noise;
mod session;
mod streams;
mod yamux_watch;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;

use super::sessions::{BulkStream, Caller, IncomingBulk, Limits, OpeningLine, Orders, SessionCounts, Shared, lock};
use super::{CloseReason, OpeningBulk, SendRefused, SessionNumber, SessionNumbers, Transport, TransportEvent};
use crate::identity::{IdentityKey, NodeId};

use handshake::SessionKeys;
use inner::Inner;

pub use handshake::{HANDSHAKE_MESSAGE_BYTES, NOISE_PATTERN, NOISE_PROLOGUE, pre_shared_key};
pub use yamux_watch::{Passed, Walk};

/// The TCP transport of one identity. Cheap to clone; when the last handle is dropped, everything ends at once.
#[derive(Clone, Debug)]
pub struct TcpTransport {
    owner: Arc<Owner>,
}

/// Ends everything when the last handle is gone; the tasks themselves hold only [`Inner`].
#[derive(Debug)]
struct Owner {
    inner: Arc<Inner>,
}

impl TcpTransport {
    /// A transport that proves this identity, with session keys that nobody else has had, by a clock of unix time in
    /// milliseconds. To be called within a tokio runtime, in which its tasks then run. What happens is told to
    /// `events`.
    ///
    /// # Panics
    /// Outside of a tokio runtime, or if the system has no randomness.
    #[must_use]
    pub fn new(
        key: &IdentityKey,
        unix_ms: fn() -> u64,
        limits: Limits,
        numbers: SessionNumbers,
        events: mpsc::Sender<TransportEvent>,
    ) -> Self {
        let shared = Arc::new(Shared::new(limits, numbers, events));
        let inner = Inner { shared, keys: SessionKeys::new(key, unix_ms), listener: Mutex::default() };
        Self { owner: Arc::new(Owner { inner: Arc::new(inner) }) }
    }

    /// How many sessions there are.
    #[must_use]
    pub fn session_counts(&self) -> SessionCounts {
        self.inner().shared.admission.session_counts()
    }

    /// Opens a session over a line that another node carries.
    pub(in crate::transports) fn dial_through(
        &self,
        session: SessionNumber,
        line: OpeningLine,
        remote: SocketAddr,
        expected: NodeId,
    ) {
        session::dial_through(self.inner(), session, line, remote, expected);
    }

    /// Somebody has called over a line that another node carries. If there is no room for the session, the line is cut.
    pub(in crate::transports) fn called(&self, stream: BulkStream, by: Caller) {
        listener::called(self.inner(), stream, by);
    }

    fn order(&self, session: SessionNumber, order: impl FnOnce(&Orders)) {
        self.inner().shared.order(session, order);
    }

    fn inner(&self) -> &Arc<Inner> {
        &self.owner.inner
    }
}

impl Transport for TcpTransport {
    fn listen(&self, address: SocketAddr) {
        listener::listen(self.inner(), address);
    }

    fn can_listen(&self, address: SocketAddr) -> bool {
        listener::can_listen(address)
    }

    fn stop_listening(&self) {
        listener::stop(self.inner());
    }

    fn dial(&self, session: SessionNumber, to: SocketAddr, expected: NodeId) {
        session::dial(self.inner(), session, to, expected);
    }

    fn begin_handshake(&self, session: SessionNumber) {
        self.order(session, Orders::begin_handshake);
    }

    fn send_keep_alive(&self, session: SessionNumber) {
        self.order(session, Orders::send_keep_alive);
    }

    fn open_stream(&self, session: SessionNumber) {
        self.order(session, Orders::open_stream);
    }

    fn send(&self, session: SessionNumber, frame: Vec<u8>) -> Result<(), SendRefused> {
        self.inner().shared.send(session, frame)
    }

    fn open_bulk(&self, session: SessionNumber) -> OpeningBulk {
        let shared = Arc::clone(&self.inner().shared);
        Box::pin(async move { shared.open_bulk(session).await })
    }

    fn incoming_bulk(&self) -> mpsc::Receiver<IncomingBulk> {
        self.inner().shared.incoming_bulk()
    }

    fn admit(&self, session: SessionNumber) {
        self.inner().shared.admission.admit(session);
    }

    fn end_stranded(&self, addresses: &[IpAddr]) {
        self.inner().shared.order_all(|orders| orders.drop_if_stranded(addresses));
    }

    fn close(&self, session: SessionNumber, reason: CloseReason, detail: String) {
        self.order(session, |orders| orders.close(reason, detail));
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if let Some(listener) = lock(&self.inner.listener).take() {
            listener.task.abort();
        }
        self.inner.shared.order_all(Orders::abort);
    }
}
