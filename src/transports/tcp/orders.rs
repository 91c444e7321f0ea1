//! What a session is told to do: the bounded side of it that the handle and the session's task share.

use std::collections::VecDeque;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Poll, Waker};

use futures_util::task::AtomicWaker;
use tokio::sync::oneshot;

use super::bulk::{BulkStream, OpenBulkError};
use super::limits::Limits;
use super::lock::lock;
use crate::transports::{CloseReason, ReceiveWindow, SendRefused};

/// How a bulk stream is handed out.
pub(super) type BulkReply = oneshot::Sender<Result<BulkStream, OpenBulkError>>;

/// The orders of a session.
pub(super) struct Orders {
    waiting: Mutex<WaitingOrders>,
    waker: AtomicWaker,
    /// Our end of the connection, once there is one.
    pub(super) own_address: OnceLock<IpAddr>,
    /// Frames that wait for whoever takes the events.
    pub(super) received: Arc<ReceiveWindow>,
}

/// Orders that the session has not carried out.
#[derive(Default)]
struct WaitingOrders {
    begin_handshake: bool,
    open_stream: bool,
    /// Several of them are one.
    keep_alive: bool,
    frames: VecDeque<Vec<u8>>,
    frame_bytes: usize,
    bulk: VecDeque<BulkReply>,
    end: Option<End>,
}

/// How a session is to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// In order: what is queued is sent before.
    Close(CloseReason, String),
    /// At once, with this to be told.
    Drop(CloseReason, String),
    /// At once, and nobody is there to be told.
    Abort,
}

impl Orders {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            waiting: Mutex::default(),
            waker: AtomicWaker::new(),
            own_address: OnceLock::new(),
            received: Arc::default(),
        })
    }

    pub(super) fn begin_handshake(&self) {
        self.change(|waiting| waiting.begin_handshake = true);
    }

    pub(super) fn open_stream(&self) {
        self.change(|waiting| waiting.open_stream = true);
    }

    pub(super) fn send_keep_alive(&self) {
        self.change(|waiting| waiting.keep_alive = true);
    }

    pub(super) fn send(&self, limits: &Limits, frame: Vec<u8>) -> Result<(), SendRefused> {
        let bytes = frame.len();
        if bytes == 0 || bytes > limits.frame_bytes {
            return Err(SendRefused::Size { bytes, limit: limits.frame_bytes });
        }
        let mut waiting = lock(&self.waiting);
        if waiting.end.is_some() {
            return Err(SendRefused::Closed);
        }
        let full = waiting.frames.len() >= limits.send_queue_frames
            || waiting.frame_bytes.saturating_add(bytes) > limits.send_queue_bytes;
        if full {
            return Err(SendRefused::Full { frames: waiting.frames.len(), bytes: waiting.frame_bytes });
        }
        waiting.frames.push_back(frame);
        waiting.frame_bytes += bytes;
        drop(waiting);
        self.waker.wake();
        Ok(())
    }

    pub(super) fn open_bulk(&self, limits: &Limits, reply: BulkReply) -> Result<(), OpenBulkError> {
        let mut waiting = lock(&self.waiting);
        if waiting.end.is_some() {
            return Err(OpenBulkError::Closed);
        }
        if waiting.bulk.len() >= limits.bulk_streams {
            return Err(OpenBulkError::TooMany { limit: limits.bulk_streams });
        }
        waiting.bulk.push_back(reply);
        drop(waiting);
        self.waker.wake();
        Ok(())
    }

    pub(super) fn close(&self, reason: CloseReason, detail: String) {
        self.end(End::Close(reason, detail));
    }

    /// Ends the session at once, for a reason that is told.
    pub(super) fn drop_session(&self, reason: CloseReason, detail: String) {
        self.end(End::Drop(reason, detail));
    }

    pub(super) fn abort(&self) {
        self.change(|waiting| waiting.end = Some(End::Abort));
    }

    /// The first reason counts.
    fn end(&self, end: End) {
        self.change(|waiting| {
            waiting.end.get_or_insert(end);
        });
    }

    fn change(&self, order: impl FnOnce(&mut WaitingOrders)) {
        order(&mut lock(&self.waiting));
        self.waker.wake();
    }

    /// Wakes this task at the next order.
    pub(super) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    /// Wakes the task of the session.
    pub(super) fn wake(&self) {
        self.waker.wake();
    }

    /// Whether the session is to end, and how.
    pub(super) fn ending(&self) -> Option<End> {
        lock(&self.waiting).end.clone()
    }

    /// Completes when the session is to end; for the steps before there are streams.
    pub(super) async fn until_end(&self) -> End {
        std::future::poll_fn(|context| {
            self.register(context.waker());
            self.ending().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// Completes when the handshake is to begin.
    pub(super) async fn until_handshake(&self) {
        std::future::poll_fn(|context| {
            self.register(context.waker());
            if lock(&self.waiting).begin_handshake { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    pub(super) fn is_open_wanted(&self) -> bool {
        lock(&self.waiting).open_stream
    }

    pub(super) fn take_keep_alive(&self) -> bool {
        std::mem::take(&mut lock(&self.waiting).keep_alive)
    }

    pub(super) fn take_bulk(&self) -> Option<BulkReply> {
        lock(&self.waiting).bulk.pop_front()
    }

    pub(super) fn is_queue_empty(&self) -> bool {
        lock(&self.waiting).frames.is_empty()
    }

    /// Moves queued frames into `batch`, each behind its length, until it holds `bytes` or more.
    pub(super) fn take_frames(&self, batch: &mut Vec<u8>, bytes: usize) {
        let mut waiting = lock(&self.waiting);
        while batch.len() < bytes {
            let Some(frame) = waiting.frames.pop_front() else { break };
            waiting.frame_bytes -= frame.len();
            let length = u32::try_from(frame.len()).expect("it was checked when it was queued");
            batch.extend_from_slice(&length.to_be_bytes());
            batch.extend_from_slice(&frame);
        }
        if waiting.frames.is_empty() && waiting.frames.capacity() > 64 {
            waiting.frames = VecDeque::new();
        }
    }
}

impl fmt::Debug for Orders {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = lock(&self.waiting);
        formatter
            .debug_struct("Orders")
            .field("frames", &waiting.frames.len())
            .field("bytes", &waiting.frame_bytes)
            .field("end", &waiting.end)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_is_bounded_in_frames_and_bytes() {
        let limits = Limits { send_queue_frames: 2, send_queue_bytes: 10, frame_bytes: 8, ..Limits::default() };
        let orders = Orders::new();
        assert_eq!(orders.send(&limits, vec![]), Err(SendRefused::Size { bytes: 0, limit: 8 }));
        assert_eq!(orders.send(&limits, vec![0; 9]), Err(SendRefused::Size { bytes: 9, limit: 8 }));
        assert_eq!(orders.send(&limits, vec![0; 8]), Ok(()));
        assert_eq!(orders.send(&limits, vec![0; 3]), Err(SendRefused::Full { frames: 1, bytes: 8 }));
        assert_eq!(orders.send(&limits, vec![1]), Ok(()));
        assert_eq!(orders.send(&limits, vec![1]), Err(SendRefused::Full { frames: 2, bytes: 9 }));
        let mut batch = Vec::new();
        orders.take_frames(&mut batch, 100);
        assert_eq!(batch, [&[0, 0, 0, 8][..], &[0; 8], &[0, 0, 0, 1, 1]].concat());
        assert_eq!(orders.send(&limits, vec![0; 8]), Ok(()));
        orders.close(CloseReason::Local, String::new());
        assert_eq!(orders.send(&limits, vec![1]), Err(SendRefused::Closed));
    }

    #[test]
    fn the_first_reason_to_end_counts() {
        let orders = Orders::new();
        orders.close(CloseReason::TimedOut, "no answer".into());
        orders.close(CloseReason::Local, "shutdown".into());
        assert_eq!(orders.ending(), Some(End::Close(CloseReason::TimedOut, "no answer".into())));
    }
}
