//! The UDP transport: QUIC (RFC 9000) for secrecy, streams and paths that change; the identity key itself in its
//! handshake (raw public keys, RFC 7250); frames of bytes in the first stream.
//!
//! One socket carries all: whoever is dialled sees the address at which this node listens, and what STUN learns of that
//! socket is true of its sessions (RFC 9443). A session is a task of its own; [`QuicTransport`] is a cheap handle that
//! leaves orders with it.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the rim: sockets and time-outs are its business"
)]

mod caller_proof;
mod endpoint;
mod inner;
mod listener;
mod parameters;
mod session;
mod shared;
mod stream;
mod talk;
mod tls;

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;

use super::sessions::{IncomingBulk, Limits, Orders, SessionCounts, Shared, lock};
use super::{
    CloseReason, OpeningBulk, PacketCounts, SendRefused, SessionNumber, SessionNumbers, Transport, TransportEvent, bind,
};
use crate::identity::{IdentityKey, NodeId};

use endpoint::Endpoint;
use inner::Inner;
use tls::TlsIdentity;

pub use caller_proof::{CALLER_PROOF_BYTES, caller_proof};
pub use tls::ALPN;

/// The UDP transport of one identity. Cheap to clone; when the last handle is dropped, everything ends at once.
#[derive(Clone, Debug)]
pub struct QuicTransport {
    owner: Arc<Owner>,
}

/// Ends everything when the last handle is gone; the tasks themselves hold only [`Inner`].
#[derive(Debug)]
struct Owner {
    inner: Arc<Inner>,
}

impl QuicTransport {
    /// A transport that proves this identity, by a clock of unix time in milliseconds. To be called within a tokio
    /// runtime, in which its tasks then run. What happens is told to `events`.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn new(
        key: &IdentityKey,
        unix_ms: fn() -> u64,
        limits: Limits,
        numbers: SessionNumbers,
        events: mpsc::Sender<TransportEvent>,
    ) -> Self {
        let inner = Inner {
            shared: Arc::new(Shared::new(limits, numbers, events)),
            identity: TlsIdentity::new(key),
            unix_ms,
            heard: Mutex::default(),
            endpoint: Mutex::default(),
        };
        Self { owner: Arc::new(Owner { inner: Arc::new(inner) }) }
    }

    /// How many sessions there are.
    #[must_use]
    pub fn session_counts(&self) -> SessionCounts {
        self.inner().shared.admission.session_counts()
    }

    fn order(&self, session: SessionNumber, order: impl FnOnce(&Orders)) {
        self.inner().shared.order(session, order);
    }

    fn inner(&self) -> &Arc<Inner> {
        &self.owner.inner
    }
}

impl Transport for QuicTransport {
    fn listen(&self, address: SocketAddr) {
        listener::listen(self.inner(), address);
    }

    fn can_listen(&self, address: SocketAddr) -> bool {
        let open = lock(&self.inner().endpoint).as_ref().map(Endpoint::address);
        open == Some(address) || bind::datagrams(address).is_ok()
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

    fn packets(&self, session: SessionNumber) -> Option<PacketCounts> {
        let orders = self.inner().shared.orders(session)?;
        orders.packets.get().map(|count| count())
    }

    fn send_stun(&self, to: SocketAddr, message: &[u8]) -> Option<u16> {
        let socket = lock(&self.inner().endpoint).as_ref().and_then(|endpoint| endpoint.socket().upgrade())?;
        socket.send(to, message).ok()
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

    /// Sessions that this side has opened go on from another address, if the peer lets them (RFC 9000, section 9).
    /// Those that it has accepted cannot: only a client may move.
    fn end_stranded(&self, addresses: &[IpAddr]) {
        self.inner().shared.order_all(|orders| {
            orders.drop_if_stranded(addresses);
            orders.note_move();
        });
    }

    /// A socket is free once all sessions by it have been forgotten (RFC 9000, section 10.2).
    fn end(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let endpoint = lock(&self.inner().endpoint).take();
        Box::pin(async {
            if let Some(endpoint) = endpoint {
                endpoint.end().await;
            }
        })
    }

    fn close(&self, session: SessionNumber, reason: CloseReason, detail: String) {
        self.order(session, |orders| orders.close(reason, detail));
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.inner.shared.order_all(Orders::abort);
        if let Some(endpoint) = lock(&self.inner.endpoint).take() {
            endpoint.close();
        }
    }
}
