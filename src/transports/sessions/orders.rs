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
use crate::transports::{CloseReason, PacketCounts, ReceiveWindow, SendRefused};

/// How a bulk stream is handed out.
pub(in crate::transports) type BulkReply = oneshot::Sender<Result<BulkStream, OpenBulkError>>;

/// Asks how many packets were sent and lost.
pub(in crate::transports) type CountPackets = Box<dyn Fn() -> PacketCounts + Send + Sync>;

/// The orders of a session.
pub(in crate::transports) struct Orders {
    waiting: Mutex<WaitingOrders>,
    waker: AtomicWaker,
    /// Our end of the connection, once there is one.
    pub(in crate::transports) own_address: OnceLock<IpAddr>,
    /// How many packets were sent and lost so far, of a transport that counts them.
    pub(in crate::transports) packets: OnceLock<CountPackets>,
    /// Frames that wait for whoever takes the events.
    pub(in crate::transports) received: Arc<ReceiveWindow>,
}

/// Orders that the session has not carried out.
#[derive(Default)]
struct WaitingOrders {
    begin_handshake: bool,
    open_stream: bool,
    /// Several of them are one.
    keep_alive: bool,
    /// The addresses of this machine are others than they were.
    moved: bool,
    frames: VecDeque<Vec<u8>>,
    frame_bytes: usize,
    bulk: VecDeque<BulkReply>,
    end: Option<End>,
}

/// How a session is to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::transports) enum End {
    /// In order: what is queued is sent before.
    Close(CloseReason, String),
    /// At once, with this to be told.
    Drop(CloseReason, String),
    /// At once, and nobody is there to be told.
    Abort,
}

impl Orders {
    pub(in crate::transports) fn new() -> Arc<Self> {
        Arc::new(Self {
            waiting: Mutex::default(),
            waker: AtomicWaker::new(),
            own_address: OnceLock::new(),
            packets: OnceLock::new(),
            received: Arc::default(),
        })
    }

    pub(in crate::transports) fn begin_handshake(&self) {
        self.change(|waiting| waiting.begin_handshake = true);
    }

    pub(in crate::transports) fn open_stream(&self) {
        self.change(|waiting| waiting.open_stream = true);
    }

    pub(in crate::transports) fn send_keep_alive(&self) {
        self.change(|waiting| waiting.keep_alive = true);
    }

    pub(in crate::transports) fn send(&self, limits: &Limits, frame: Vec<u8>) -> Result<(), SendRefused> {
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

    pub(in crate::transports) fn open_bulk(&self, limits: &Limits, reply: BulkReply) -> Result<(), OpenBulkError> {
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

    pub(in crate::transports) fn close(&self, reason: CloseReason, detail: String) {
        self.end(End::Close(reason, detail));
    }

    /// Ends the session at once, for a reason that is told.
    pub(in crate::transports) fn drop_session(&self, reason: CloseReason, detail: String) {
        self.end(End::Drop(reason, detail));
    }

    /// Ends the session at once if it depends on an address that is not among these.
    pub(in crate::transports) fn drop_if_stranded(&self, addresses: &[IpAddr]) {
        if self.own_address.get().is_some_and(|own| !addresses.contains(own)) {
            let detail = "this machine no longer has the address that the session was opened from";
            self.drop_session(CloseReason::Local, detail.to_owned());
        }
    }

    /// The addresses of this machine are others than they were; a session that goes on from another one says so.
    pub(in crate::transports) fn note_move(&self) {
        self.change(|waiting| waiting.moved = true);
    }

    pub(in crate::transports) fn abort(&self) {
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
    pub(in crate::transports) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    /// Wakes the task of the session.
    pub(in crate::transports) fn wake(&self) {
        self.waker.wake();
    }

    /// Whether the session is to end, and how.
    pub(in crate::transports) fn ending(&self) -> Option<End> {
        lock(&self.waiting).end.clone()
    }

    /// Completes when the session is to end; for the steps before there are streams.
    pub(in crate::transports) async fn until_end(&self) -> End {
        self.until(|waiting| waiting.end.clone()).await
    }

    /// Completes when the handshake is to begin.
    pub(in crate::transports) async fn until_handshake(&self) {
        self.until(|waiting| waiting.begin_handshake.then_some(())).await;
    }

    /// Completes when streams are to be opened.
    pub(in crate::transports) async fn until_open(&self) {
        self.until(|waiting| waiting.open_stream.then_some(())).await;
    }

    /// Completes when frames wait to be sent.
    pub(in crate::transports) async fn until_frames(&self) {
        self.until(|waiting| (!waiting.frames.is_empty()).then_some(())).await;
    }

    /// The next keep-alive that is to be sent.
    pub(in crate::transports) async fn next_keep_alive(&self) {
        self.until(|waiting| std::mem::take(&mut waiting.keep_alive).then_some(())).await;
    }

    /// The next change of this machine's addresses.
    pub(in crate::transports) async fn next_move(&self) {
        self.until(|waiting| std::mem::take(&mut waiting.moved).then_some(())).await;
    }

    /// The next bulk stream that is wanted.
    pub(in crate::transports) async fn next_bulk(&self) -> BulkReply {
        self.until(|waiting| waiting.bulk.pop_front()).await
    }

    /// Completes when there is something of that kind; to be waited for by one task alone.
    async fn until<T>(&self, mut wanted: impl FnMut(&mut WaitingOrders) -> Option<T>) -> T {
        std::future::poll_fn(|context| {
            self.register(context.waker());
            wanted(&mut lock(&self.waiting)).map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    pub(in crate::transports) fn is_open_wanted(&self) -> bool {
        lock(&self.waiting).open_stream
    }

    pub(in crate::transports) fn take_keep_alive(&self) -> bool {
        std::mem::take(&mut lock(&self.waiting).keep_alive)
    }

    pub(in crate::transports) fn take_bulk(&self) -> Option<BulkReply> {
        lock(&self.waiting).bulk.pop_front()
    }

    pub(in crate::transports) fn is_queue_empty(&self) -> bool {
        lock(&self.waiting).frames.is_empty()
    }

    /// Moves queued frames into `batch`, each behind its length, until it holds `bytes` or more.
    pub(in crate::transports) fn take_frames(&self, batch: &mut Vec<u8>, bytes: usize) {
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
