//! Streams of QUIC. The first byte of each is nothing but a sign that it is there: a stream in which nothing was sent
//! is not seen at the other end (RFC 9000, section 3).

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use quinn::{ReadError, RecvStream, SendStream, VarInt};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::transports::sessions::ByteStream;

/// The byte that begins each stream.
pub(super) const BEGINNING: u8 = 0;

/// A bulk stream. Dropped before it is shut down, it is cut off.
pub(super) struct QuicStream {
    send: SendStream,
    receive: RecvStream,
    /// The byte that begins it has yet to come.
    begins: bool,
    is_shut_down: bool,
}

impl QuicStream {
    /// One that this side has opened, and begun.
    pub(super) fn opened(send: SendStream, receive: RecvStream) -> Self {
        Self { send, receive, begins: false, is_shut_down: false }
    }

    /// One that the peer has opened.
    pub(super) fn accepted(send: SendStream, receive: RecvStream) -> Self {
        Self { send, receive, begins: true, is_shut_down: false }
    }

    fn poll_beginning(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.begins {
            let mut first = [0];
            let mut buffer = ReadBuf::new(&mut first);
            ready!(self.receive.poll_read_buf(context, &mut buffer)).map_err(cut_off)?;
            match buffer.filled() {
                [BEGINNING] => self.begins = false,
                [] => return Poll::Ready(Err(ErrorKind::ConnectionReset.into())),
                _ => return Poll::Ready(Err(io::Error::new(ErrorKind::InvalidData, "a stream of an unknown kind"))),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl ByteStream for QuicStream {}

/// However it was cut off: what was read is not all.
fn cut_off(error: ReadError) -> io::Error {
    io::Error::new(ErrorKind::ConnectionReset, error)
}

impl AsyncRead for QuicStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_beginning(context))?;
        self.receive.poll_read_buf(context, into).map_err(cut_off)
    }
}

impl AsyncWrite for QuicStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.send).poll_write(context, bytes).map_err(io::Error::from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.send).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.is_shut_down = true;
        Pin::new(&mut self.send).poll_shutdown(context)
    }
}

impl Drop for QuicStream {
    fn drop(&mut self) {
        if !self.is_shut_down {
            // Otherwise it would be finished, and look complete.
            let _ = self.send.reset(VarInt::from_u32(0));
        }
    }
}
