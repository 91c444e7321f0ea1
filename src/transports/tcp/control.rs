//! The control stream of a session: frames, each behind a length of four octets, in the first stream that the side opened which opened the
//! session.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::{AsyncWrite as _, Stream as _};
use yamux::Packet;

use super::orders::Orders;
use super::walk::Unread;

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
    begun: BegunFrame,
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

/// What is no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameError {
    #[error("a frame announces {announced} octets, and may have {limit}")]
    TooLong { announced: usize, limit: usize },
    #[error("a frame is empty")]
    Empty,
}

impl Control {
    pub(super) fn new(stream: yamux::Stream, unread: &Arc<Unread>) -> Self {
        let unread = Arc::clone(unread);
        unread.open(stream.id().val());
        Self { stream, unread, batch: Vec::new(), written: 0, taken: None, begun: BegunFrame::default(), frames: 0 }
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
        (self.frames, self.begun.length_bytes > 0)
    }
}

/// A frame of which a part has come.
#[derive(Default)]
struct BegunFrame {
    length: [u8; 4],
    length_bytes: usize,
    bytes: Vec<u8>,
}

impl BegunFrame {
    /// Takes what belongs to this frame, and says how much that was; with it the frame, if it is complete.
    fn push(&mut self, bytes: &[u8], limit: usize) -> (usize, Result<Option<Vec<u8>>, FrameError>) {
        let prefix = (self.length.len() - self.length_bytes).min(bytes.len());
        self.length[self.length_bytes..self.length_bytes + prefix].copy_from_slice(&bytes[..prefix]);
        self.length_bytes += prefix;
        if self.length_bytes < self.length.len() {
            return (prefix, Ok(None));
        }
        let length = u32::from_be_bytes(self.length) as usize;
        if length > limit {
            return (prefix, Err(FrameError::TooLong { announced: length, limit }));
        }
        if length == 0 {
            return (prefix, Err(FrameError::Empty));
        }
        let body = (length - self.bytes.len()).min(bytes.len() - prefix);
        if self.bytes.is_empty() {
            // No more than what is there: a length alone costs the peer nothing.
            self.bytes.reserve_exact(body);
        }
        self.bytes.extend_from_slice(&bytes[prefix..prefix + body]);
        let complete = (self.bytes.len() == length).then(|| {
            self.length_bytes = 0;
            std::mem::take(&mut self.bytes)
        });
        (prefix + body, Ok(complete))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(bytes: &[u8], size: usize, limit: usize) -> Result<Vec<Vec<u8>>, FrameError> {
        let (mut begun, mut frames) = (BegunFrame::default(), Vec::new());
        for mut part in bytes.chunks(size) {
            while !part.is_empty() {
                let (taken, frame) = begun.push(part, limit);
                assert!(taken > 0 || frame.is_err(), "it goes on");
                part = &part[taken..];
                frames.extend(frame?);
            }
        }
        Ok(frames)
    }

    #[test]
    fn frames_are_the_same_however_they_are_cut() {
        let bytes = [&[0, 0, 0, 1, 7][..], &[0, 0, 0, 5, 1, 2, 3, 4, 5], &[0, 0, 0, 2, 8, 9]].concat();
        for size in 1..=bytes.len() {
            let expected = vec![vec![7], vec![1, 2, 3, 4, 5], vec![8, 9]];
            assert_eq!(frames(&bytes, size, 5), Ok(expected), "in parts of {size}");
        }
    }

    #[test]
    fn a_length_beyond_the_limit_is_refused_before_anything_is_kept() {
        let error = FrameError::TooLong { announced: 6, limit: 5 };
        assert_eq!(frames(&[0, 0, 0, 6], 4, 5), Err(error));
        let mut begun = BegunFrame::default();
        assert!(begun.push(&[0xff; 64], 65_536).1.is_err());
        assert_eq!(begun.bytes.capacity(), 0);
    }

    #[test]
    fn an_empty_frame_is_none() {
        assert_eq!(frames(&[0, 0, 0, 0], 4, 5), Err(FrameError::Empty));
    }

    #[test]
    fn a_length_alone_takes_no_memory() {
        let mut begun = BegunFrame::default();
        assert_eq!(begun.push(&[0, 1, 0, 0, 9], 65_536), (5, Ok(None)));
        assert!(begun.bytes.capacity() < 64, "{}", begun.bytes.capacity());
    }
}
