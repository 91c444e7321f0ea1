//! What the bytes of a session go by.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::transports::BulkStream;

/// What the bytes of a session go by.
#[derive(Debug)]
pub(super) enum Line {
    /// A socket of its own.
    Socket(TcpStream),
    /// A stream that another node carries.
    Carried(BulkStream),
}

impl Line {
    /// Sends small messages at once. A carried one does so anyway.
    pub(super) fn set_nodelay(&self) -> io::Result<()> {
        match self {
            Self::Socket(socket) => socket.set_nodelay(true),
            Self::Carried(_) => Ok(()),
        }
    }

    /// The address of this side, which the line depends on. What is carried depends on the session that carries it.
    pub(super) fn own_address(&self) -> Option<IpAddr> {
        match self {
            Self::Socket(socket) => socket.local_addr().ok().map(|own| own.ip().to_canonical()),
            Self::Carried(_) => None,
        }
    }

    /// Whether it is worth holding a buffer to read into. Of a carried line that is known only when it is read.
    pub(super) fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Socket(socket) => socket.poll_read_ready(context),
            Self::Carried(_) => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Socket(socket) => Pin::new(socket).poll_read(context, into),
            Self::Carried(stream) => Pin::new(stream).poll_read(context, into),
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Socket(socket) => Pin::new(socket).poll_write(context, bytes),
            Self::Carried(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Socket(socket) => Pin::new(socket).poll_flush(context),
            Self::Carried(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Socket(socket) => Pin::new(socket).poll_shutdown(context),
            Self::Carried(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
