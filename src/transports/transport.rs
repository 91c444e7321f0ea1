//! What every transport can do.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;

use crate::identity::NodeId;

use super::{BulkStream, CloseReason, IncomingBulk, OpenBulkError, SessionNumber};

/// A bulk stream that is being opened.
pub type OpeningBulk = Pin<Box<dyn Future<Output = Result<BulkStream, OpenBulkError>> + Send>>;

/// A way to carry frames between nodes. Each method returns at once; what comes of it is a
/// [`TransportEvent`](super::TransportEvent).
pub trait Transport {
    /// Listens; port 0 takes a free one. Answered by `Listening` or `ListenFailed`.
    fn listen(&self, address: SocketAddr);

    /// Whether it could listen there now. Nothing is kept of it, so this is a hint.
    fn can_listen(&self, address: SocketAddr) -> bool;

    /// Listens no more; sessions go on. Answered by `ListeningStopped`, also if nothing listened.
    fn stop_listening(&self);

    /// Opens a connection to the node that is expected there. Answered by `Connected` or `Closed`. The number is even,
    /// and of no session that has not been closed.
    fn dial(&self, session: SessionNumber, to: SocketAddr, expected: NodeId);

    /// Begins the handshake of a session that was dialled. Answered by `Authenticated` or `Closed`.
    fn begin_handshake(&self, session: SessionNumber);

    /// Says that this side is alive, to a peer that is authenticated. Over UDP it asks for the same, and is answered by
    /// `KeepAlive` if the peer is there.
    fn send_keep_alive(&self, session: SessionNumber);

    /// Opens the streams of a session that is authenticated; from then on frames come and go.
    fn open_stream(&self, session: SessionNumber);

    /// Queues a frame. What is queued before `open_stream` is sent after it.
    ///
    /// # Errors
    /// If the queue is full (the peer does not read: try later, or close), the frame cannot be, or the session is over.
    fn send(&self, session: SessionNumber, frame: Vec<u8>) -> Result<(), SendRefused>;

    /// Opens a stream for bulk data beside the control stream, with a flow control of its own. It fails if there are too
    /// many already, or the session is over or has no streams yet.
    fn open_bulk(&self, session: SessionNumber) -> OpeningBulk;

    /// Where to receive the bulk streams that peers open. Before this is called, and after what it returns is dropped,
    /// they are refused.
    fn incoming_bulk(&self) -> mpsc::Receiver<IncomingBulk>;

    /// How many packets of a session were sent and lost so far, if the transport counts them. TCP hides that.
    fn packets(&self, _session: SessionNumber) -> Option<PacketCounts> {
        None
    }

    /// Sends a message of STUN from the socket that sessions go by, and says which port of this machine that is; `None`
    /// if there is no such socket. What comes back is told of by `Stun`.
    fn send_stun(&self, _to: SocketAddr, _message: &[u8]) -> Option<u16> {
        None
    }

    /// A session that somebody else has opened is to last: it counts no longer among those that make room for newer
    /// ones.
    fn admit(&self, session: SessionNumber);

    /// Ends at once, without a word to the other side, each session whose own address is not among these: nothing can
    /// come by it any more. Each is told of by `Closed`. Those that go on from another address are told of by `Moved`.
    fn end_stranded(&self, addresses: &[IpAddr]);

    /// Ends everything. Completes when the system has back what it was used for, or after a second at the latest.
    fn end(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(std::future::ready(()))
    }

    /// Ends a session: sends what is queued, for a moment, then closes. Answered by `Closed` with this reason, or with
    /// another if it had just ended.
    fn close(&self, session: SessionNumber, reason: CloseReason, detail: String);
}

/// Packets of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PacketCounts {
    /// Those that were sent.
    pub sent: u64,
    /// Those of them that were lost.
    pub lost: u64,
}

/// Why a frame was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendRefused {
    /// The peer reads more slowly than it is written to.
    #[error("{frames} frames of {bytes} bytes wait to be sent already: try again when the peer has read some")]
    Full {
        /// How many wait.
        frames: usize,
        /// Their bytes.
        bytes: usize,
    },
    /// A frame has one byte at least, and not more than the limit.
    #[error("a frame of {bytes} bytes cannot be sent: it has 1 to {limit}")]
    Size {
        /// Its bytes.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// There is no such session any more.
    #[error("the session is over")]
    Closed,
}

/// Numbers for the sessions that transports accept: odd, and each of one session, whichever transport it is of.
#[derive(Clone, Debug)]
pub struct SessionNumbers(Arc<AtomicU64>);

impl Default for SessionNumbers {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(1)))
    }
}

impl SessionNumbers {
    /// One more.
    pub(super) fn next(&self) -> SessionNumber {
        self.0.fetch_add(2, Ordering::Relaxed)
    }
}
