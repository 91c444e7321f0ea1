//! Streams for bulk data, beside the control stream: files and databases flow through them under their own flow
//! control.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::identity::NodeId;
use crate::transports::SessionNumber;

/// Incoming bulk streams that wait to be taken; what comes beyond is refused.
pub const INCOMING_BULK_STREAMS: usize = 64;

/// Bulk streams of a session in each direction, whatever the settings say.
pub(in crate::transports) const BULK_STREAMS_AT_THE_MOST: usize = 64;

/// Bulk streams that a peer may have refused in one session before that is no accident any more.
pub(in crate::transports) const REFUSED_BULK_STREAMS: usize = 1_000;

/// Why no bulk stream was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenBulkError {
    /// As many as there may be.
    #[error("{limit} bulk streams of this session are open already: wait until one of them is done")]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
    /// There is no such session any more.
    #[error("the session is over")]
    Closed,
}

/// A bulk stream that the peer opened.
#[derive(Debug)]
pub struct IncomingBulk {
    /// In which session.
    pub session: SessionNumber,
    /// By whom.
    pub peer: NodeId,
    /// The stream.
    pub stream: BulkStream,
}

/// What a transport makes a bulk stream of.
pub(in crate::transports) trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

/// A stream of bytes in both directions. Dropped before it is shut down, it is cut off at the other end, and read there
/// as an error (`ConnectionReset`) and not as an end; the same happens when the session ends.
pub struct BulkStream {
    stream: Box<dyn ByteStream>,
    open: OpenStreams,
}

/// How many streams are open; one more as long as this lives.
pub(in crate::transports) struct OpenStreams(Arc<AtomicUsize>);

impl OpenStreams {
    /// One more, if there are fewer than that.
    pub fn one_more(count: &Arc<AtomicUsize>, limit: usize) -> Option<Self> {
        let more = count.fetch_update(Ordering::AcqRel, Ordering::Acquire, |open| (open < limit).then_some(open + 1));
        more.is_ok().then(|| Self(Arc::clone(count)))
    }
}

impl Drop for OpenStreams {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl BulkStream {
    pub(in crate::transports) fn new(stream: impl ByteStream + 'static, open: OpenStreams) -> Self {
        Self { stream: Box::new(stream), open }
    }
}

impl AsyncRead for BulkStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for BulkStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl fmt::Debug for BulkStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = self.open.0.load(Ordering::Relaxed);
        write!(formatter, "BulkStream({open} open)")
    }
}
