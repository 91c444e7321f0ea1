//! A bulk stream, as yamux has it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::{AsyncWrite as _, Stream as _};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use yamux::Packet;

use super::yamux_watch::Unread;
use crate::transports::sessions::ByteStream;

/// A stream of yamux, in which a cut is told from an end.
pub(super) struct YamuxStream {
    stream: yamux::Stream,
    /// What was taken out of the stream, and how much of it has been read.
    taken: Option<(Packet, usize)>,
    unread: Arc<Unread>,
}

impl ByteStream for YamuxStream {}

impl YamuxStream {
    pub(super) fn new(stream: yamux::Stream, unread: &Arc<Unread>) -> Self {
        unread.open(stream.id().val());
        Self { stream, taken: None, unread: Arc::clone(unread) }
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

impl AsyncRead for YamuxStream {
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

impl AsyncWrite for YamuxStream {
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

impl Drop for YamuxStream {
    fn drop(&mut self) {
        self.unread.dropped(self.stream.id().val());
    }
}
