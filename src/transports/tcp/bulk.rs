//! Streams for bulk data, beside the control stream: files and databases flow through them under their own flow
//! control.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use futures_util::{AsyncWrite as _, Stream as _};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use yamux::Packet;

use super::yamux_watch::Unread;
use crate::identity::NodeId;
use crate::transports::SessionNumber;

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

/// A stream of bytes in both directions. Dropped before it is shut down, it is cut off at the other end, and read there
/// as an error (`ConnectionReset`) and not as an end; the same happens when the session ends.
pub struct BulkStream {
    stream: yamux::Stream,
    /// What was taken out of the stream, and how much of it has been read.
    taken: Option<(Packet, usize)>,
    unread: Arc<Unread>,
    open: OpenStreams,
}

/// How many streams are open; one more as long as this lives.
pub(super) struct OpenStreams(Arc<AtomicUsize>);

impl OpenStreams {
    /// One more, if there are fewer than that.
    pub(super) fn one_more(count: &Arc<AtomicUsize>, limit: usize) -> Option<Self> {
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
    pub(super) fn new(stream: yamux::Stream, unread: &Arc<Unread>, open: OpenStreams) -> Self {
        unread.open(stream.id().val());
        Self { stream, taken: None, unread: Arc::clone(unread), open }
    }

    /// The next piece of data; `None` at the end.
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Option<(Packet, usize)>>> {
        if let Some(taken) = self.taken.take() {
            return Poll::Ready(Ok(Some(taken)));
        }
        let number = self.stream.id().val();
        match ready!(Pin::new(&mut self.stream).poll_next(context)) {
            Some(Ok(piece)) => {
                self.unread.taken(number);
                Poll::Ready(Ok(Some((piece, 0))))
            }
            Some(Err(error)) => Poll::Ready(Err(error)),
            None if self.unread.has_ended(number) => Poll::Ready(Ok(None)),
            None => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
        }
    }
}

impl AsyncRead for BulkStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        while into.remaining() > 0 {
            match self.poll_piece(context) {
                Poll::Ready(Ok(Some((piece, at)))) => {
                    let rest = &piece.as_ref()[at..];
                    let bytes = rest.len().min(into.remaining());
                    into.put_slice(&rest[..bytes]);
                    if bytes < rest.len() {
                        self.taken = Some((piece, at + bytes));
                    }
                }
                // What has been read is told first; the rest comes again at the next call.
                _ if into.filled().len() > before => break,
                Poll::Ready(Ok(None)) => break,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
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
        Pin::new(&mut self.stream).poll_close(context)
    }
}

impl Drop for BulkStream {
    fn drop(&mut self) {
        self.unread.dropped(self.stream.id().val());
    }
}

impl fmt::Debug for BulkStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = self.open.0.load(Ordering::Relaxed);
        write!(formatter, "BulkStream({}, {open} open)", self.stream.id())
    }
}
