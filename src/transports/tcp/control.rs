//! The control stream of a session: frames, each behind a length of four bytes, in the first stream that the side
//! opened which opened the session.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::{AsyncWrite as _, Stream as _};
use yamux::Packet;

use super::yamux_watch::Unread;
use crate::transports::sessions::Orders;
use crate::wire::{FrameError, FrameReader};

/// Queued frames are gathered up to this before they are written.
const BATCH_BYTES: usize = 65_536;

/// The control stream.
pub(super) struct Control {
    stream: yamux::Stream,
    unread: Arc<Unread>,
    /// Frames on their way into the stream, and how much of them is there.
    batch: Vec<u8>,
    written: usize,
    /// What was taken out of the stream, and how much of it has been looked at.
    taken: Option<(Packet, usize)>,
    begun: FrameReader,
    frames: u64,
}

/// What the control stream holds next.
pub(super) enum Received {
    /// A frame.
    Frame(Vec<u8>),
    /// Nothing more will come.
    End,
    /// The peer sent what is no frame.
    Wrong(FrameError),
}

impl Control {
    pub(super) fn new(stream: yamux::Stream, unread: &Arc<Unread>) -> Self {
        let unread = Arc::clone(unread);
        unread.open(stream.id().val());
        Self { stream, unread, batch: Vec::new(), written: 0, taken: None, begun: FrameReader::new(), frames: 0 }
    }

    /// Writes queued frames into the stream, until it takes no more or none are left. Whether any went in.
    pub(super) fn write(&mut self, context: &mut Context<'_>, orders: &Orders) -> bool {
        let mut wrote = false;
        loop {
            if self.written == self.batch.len() {
                self.batch.clear();
                self.written = 0;
                orders.take_frames(&mut self.batch, BATCH_BYTES);
                if self.batch.is_empty() {
                    self.batch = Vec::new();
                    return wrote;
                }
            }
            match Pin::new(&mut self.stream).poll_write(context, &self.batch[self.written..]) {
                Poll::Ready(Ok(bytes)) => {
                    self.written += bytes;
                    wrote = true;
                }
                // That the session is over is seen where it is read.
                Poll::Ready(Err(_)) | Poll::Pending => return wrote,
            }
        }
    }

    /// Whether frames are left that the stream has not taken.
    pub(super) fn is_writing(&self) -> bool {
        self.written < self.batch.len()
    }

    /// The next frame.
    pub(super) fn read(&mut self, context: &mut Context<'_>, limit: usize) -> Poll<Received> {
        loop {
            if let Some((piece, at)) = &mut self.taken {
                let (bytes, frame) = self.begun.push(&piece.as_ref()[*at..], limit);
                *at += bytes;
                if *at == piece.as_ref().len() {
                    self.taken = None;
                }
                match frame {
                    Ok(Some(frame)) => {
                        self.frames += 1;
                        return Poll::Ready(Received::Frame(frame));
                    }
                    Ok(None) => {}
                    Err(error) => return Poll::Ready(Received::Wrong(error)),
                }
                continue;
            }
            match Pin::new(&mut self.stream).poll_next(context) {
                Poll::Ready(Some(Ok(piece))) => {
                    self.unread.taken(self.stream.id().val());
                    self.taken = Some((piece, 0));
                }
                Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(Received::End),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Frames that have come, and whether a part of another has.
    pub(super) fn progress(&self) -> (u64, bool) {
        (self.frames, !self.begun.is_between_frames())
    }
}
