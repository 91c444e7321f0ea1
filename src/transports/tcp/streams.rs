//! A session once its peer is known: yamux over Noise, the control stream, bulk streams, keep-alives, and the orderly
//! close.
//!
//! Everything is polled together, until nothing moves; then what was gathered is flushed. There is no buffer in here
//! that fills up without a bound: queued frames wait with the orders, received ones with whoever takes the events, and
//! what is between them in yamux's windows.

use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::task::{Context, Poll};

use futures_util::AsyncWrite as _;
use tokio::io::AsyncReadExt as _;
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use yamux::{Connection, ConnectionError, FrameDecodeError, Mode};

use super::buffers::Buffer;
use super::bulk::YamuxStream;
use super::control::{Control, Received};
use super::event_queue::EventQueue;
use super::handshake::Proven;
use super::inner::Inner;
use super::line::Line;
use super::noise::{Failure, NoiseStream, PAYLOAD_BYTES};
use super::yamux_watch::Unread;

use crate::identity::NodeId;
use crate::transports::sessions::{
    BULK_STREAMS_AT_THE_MOST, BulkStream, End, Ended, IncomingBulk, Limits, OpenBulkError, OpenStreams, Orders,
    REFUSED_BULK_STREAMS, REST_HANDED_OUT,
};
use crate::transports::{CloseReason, SessionNumber, TransportEvent};

/// The stream that carries frames: the first of those that the side opens which opened the session.
const CONTROL_STREAM: u32 = 1;

/// Bytes of a header of yamux.
const YAMUX_HEADER_BYTES: usize = 12;

/// Bytes that may be under way in a stream of yamux at first, by its specification.
const YAMUX_WINDOW_BYTES: usize = 262_144;

/// Bytes by which the windows of all streams of a session may grow together, where bandwidth and distance ask for it.
const YAMUX_WINDOW_GROWTH_BYTES: usize = 16 * 1_048_576;

/// Streams of a session that yamux knows, at most: those of both sides, twice, since it knows some that are done with.
const YAMUX_STREAMS: usize = 1 + 4 * BULK_STREAMS_AT_THE_MOST;

/// A session whose peer is known.
pub(super) struct Streams {
    inner: Arc<Inner>,
    number: SessionNumber,
    orders: Arc<Orders>,
    peer: NodeId,
    outgoing: bool,
    noise: NoiseStream,
    unread: Arc<Unread>,
    /// None before the streams are opened, and when they have ended.
    connection: Option<Box<Connection<NoiseStream>>>,
    control: Option<Control>,
    bulk: Bulk,
    events: EventQueue,
    keep_alive_wanted: bool,
    /// What was written has not all gone to the line.
    is_blocked: bool,
    deadlines: Deadlines,
    /// Why it has ended; what came before is still handed out.
    ended: Option<(CloseReason, String)>,
    /// Until when.
    rest_due: Option<Instant>,
}

/// Bulk streams, counted.
#[derive(Default)]
struct Bulk {
    opened_here: Arc<AtomicUsize>,
    opened_there: Arc<AtomicUsize>,
    refused: usize,
}

/// What must not take too long.
#[derive(Default)]
struct Deadlines {
    /// Until when the control stream must be there.
    control: Option<Instant>,
    /// The message and the frame of which a part has come: how many came before, and when it was first seen.
    message: Option<(u64, Instant)>,
    frame: Option<(u64, Instant)>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Streams {
    pub(super) fn new(
        inner: &Arc<Inner>,
        number: SessionNumber,
        orders: &Arc<Orders>,
        line: Line,
        proven: Proven,
        outgoing: bool,
    ) -> Self {
        let unread = Arc::new(Unread::default());
        Self {
            inner: Arc::clone(inner),
            number,
            orders: Arc::clone(orders),
            peer: proven.peer,
            outgoing,
            noise: NoiseStream::new(line, proven.ciphers, Arc::clone(&unread)),
            unread,
            connection: None,
            control: None,
            bulk: Bulk::default(),
            events: EventQueue::default(),
            keep_alive_wanted: false,
            is_blocked: false,
            deadlines: Deadlines::default(),
            ended: None,
            rest_due: None,
        }
    }

    /// Until the session has ended.
    pub(super) async fn live(mut self) -> Ended {
        match poll_fn(|context| self.poll(context)).await {
            End::Close(reason, detail) => {
                let limit = self.inner.shared.limits.close_timeout;
                // What is not sent in time is lost, as it would be if the peer had gone.
                let _ = timeout(limit, Box::pin(self.close())).await;
                Some((reason, detail))
            }
            End::Drop(reason, detail) => Some((reason, detail)),
            End::Abort => None,
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<End> {
        self.orders.register(context.waker());
        self.orders.received.register(context.waker());
        self.unread.register(context.waker());
        if self.ended.is_none()
            && let Some(end) = self.orders.ending()
        {
            return Poll::Ready(end);
        }
        while self.ended.is_none() && self.advance(context) {}
        if self.ended.is_none() {
            self.flush(context);
        }
        if self.ended.is_none() {
            self.check_deadlines(context);
        }
        if self.ended.is_some() {
            return self.hand_out_the_rest(context);
        }
        if self.events.is_orphaned() { Poll::Ready(End::Abort) } else { Poll::Pending }
    }

    /// One round of all that can move. Whether anything did.
    fn advance(&mut self, context: &mut Context<'_>) -> bool {
        let mut moved = self.open_streams(context);
        self.keep_alive(context);
        if let Some(control) = &mut self.control {
            moved |= control.write(context, &self.orders);
        }
        moved |= self.poll_connection(context);
        moved |= self.open_bulk(context);
        if self.noise.lock().take_keep_alive() {
            self.events.note_keep_alive();
        }
        moved | self.receive(context)
    }

    fn open_streams(&mut self, context: &mut Context<'_>) -> bool {
        if self.connection.is_some() || !self.orders.is_open_wanted() {
            return false;
        }
        let mode = if self.outgoing { Mode::Client } else { Mode::Server };
        let mut connection = Box::new(Connection::new(self.noise.clone(), configuration(), mode));
        if self.outgoing {
            match connection.poll_new_outbound(context) {
                Poll::Ready(Ok(mut stream)) => {
                    announce(&mut stream, context);
                    self.control = Some(Control::new(stream, &self.unread));
                }
                Poll::Ready(Err(error)) => self.end(CloseReason::Failed, format!("no stream can be opened: {error}")),
                Poll::Pending => self.end(CloseReason::Failed, "no stream can be opened".into()),
            }
        } else {
            self.deadlines.control = Some(Instant::now() + self.inner.shared.limits.handshake_timeout);
        }
        self.connection = Some(connection);
        true
    }

    fn keep_alive(&mut self, context: &mut Context<'_>) {
        self.keep_alive_wanted |= self.orders.take_keep_alive();
        if self.keep_alive_wanted && self.noise.lock().write_keep_alive(context).is_ready() {
            self.keep_alive_wanted = false;
        }
    }

    fn poll_connection(&mut self, context: &mut Context<'_>) -> bool {
        let mut moved = false;
        while let Some(connection) = &mut self.connection {
            match connection.poll_next_inbound(context) {
                Poll::Ready(Some(Ok(stream))) => {
                    moved = true;
                    self.incoming(stream);
                }
                Poll::Ready(Some(Err(error))) => {
                    self.lose(Some(&error));
                    return true;
                }
                Poll::Ready(None) => {
                    self.lose(None);
                    return true;
                }
                Poll::Pending => break,
            }
        }
        if self.noise.lock().has_failed() {
            // What yamux has to say about it goes out, if it can.
            let _ = self.noise.lock().flush(context);
            self.lose(None);
            return true;
        }
        moved
    }

    /// A stream that the peer opened.
    fn incoming(&mut self, stream: yamux::Stream) {
        if !self.outgoing && stream.id().val() == CONTROL_STREAM {
            self.control = Some(Control::new(stream, &self.unread));
            self.deadlines.control = None;
            return;
        }
        let number = stream.id().val();
        let place = OpenStreams::one_more(&self.bulk.opened_there, self.inner.shared.limits.bulk_streams());
        let taker = self.inner.shared.bulk_taker();
        let (Some(place), Some(taker)) = (place, taker) else {
            drop(stream);
            self.unread.dropped(number);
            self.bulk.refused += 1;
            if self.bulk.refused > REFUSED_BULK_STREAMS {
                let detail = format!("the peer opened {REFUSED_BULK_STREAMS} streams that were refused, and goes on");
                self.end(CloseReason::Violation, detail);
            }
            return;
        };
        let stream = BulkStream::new(YamuxStream::new(stream, &self.unread), place);
        // A stream that nobody has room for is dropped, which the peer sees.
        let _ = taker.try_send(IncomingBulk { session: self.number, peer: self.peer, stream });
    }

    /// Opens the bulk streams that are wanted. Not while the socket takes no more: yamux forgets streams only when it
    /// can write.
    fn open_bulk(&mut self, context: &mut Context<'_>) -> bool {
        let Some(connection) = &mut self.connection else { return false };
        let limit = self.inner.shared.limits.bulk_streams();
        let mut moved = false;
        while !self.is_blocked
            && let Some(reply) = self.orders.take_bulk()
        {
            moved = true;
            let Some(place) = OpenStreams::one_more(&self.bulk.opened_here, limit) else {
                let _ = reply.send(Err(OpenBulkError::TooMany { limit }));
                continue;
            };
            let answer = match connection.poll_new_outbound(context) {
                Poll::Ready(Ok(mut stream)) => {
                    announce(&mut stream, context);
                    Ok(BulkStream::new(YamuxStream::new(stream, &self.unread), place))
                }
                Poll::Ready(Err(_)) => Err(OpenBulkError::Closed),
                Poll::Pending => Err(OpenBulkError::TooMany { limit }),
            };
            // Whoever asked may have gone; then the stream goes too.
            let _ = reply.send(answer);
        }
        moved
    }

    /// Takes frames out of the control stream as long as there is room for them.
    fn receive(&mut self, context: &mut Context<'_>) -> bool {
        let Limits { frame_bytes, received_frames, received_bytes, .. } = self.inner.shared.limits;
        let mut moved = false;
        while self.events.poll(context, &self.inner.shared.events, self.number)
            && self.orders.received.has_room(received_frames, received_bytes)
            && let Some(control) = &mut self.control
            && let Poll::Ready(received) = control.read(context, frame_bytes)
        {
            moved = true;
            match received {
                Received::Frame(bytes) => {
                    let waiting = self.orders.received.enter(bytes.len());
                    self.events.put(TransportEvent::Frame { session: self.number, bytes, waiting });
                }
                Received::End => {
                    self.control = None;
                    self.end(CloseReason::Remote, "the peer closed the control stream".into());
                }
                Received::Wrong(error) => {
                    self.control = None;
                    self.end(CloseReason::Violation, error.to_string());
                }
            }
        }
        moved
    }

    /// What came before the end is handed out, for a while; then it is over. Whoever has said more than is dealt with
    /// in that time, and gone, is not listened to any longer: or sessions without a peer would come together.
    fn hand_out_the_rest(&mut self, context: &mut Context<'_>) -> Poll<End> {
        let is_unwanted = match self.orders.ending() {
            Some(end @ (End::Abort | End::Drop(..))) => return Poll::Ready(end),
            Some(End::Close(..)) => true,
            None => false,
        };
        let due = *self.rest_due.get_or_insert_with(|| Instant::now() + REST_HANDED_OUT);
        let timer = self.deadlines.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if timer.deadline() != due {
            timer.as_mut().reset(due);
        }
        let is_late = timer.as_mut().poll(context).is_ready();
        self.receive(context);
        let is_done = is_unwanted || is_late || self.control.is_none() && self.events.is_empty();
        match &self.ended {
            Some((reason, detail)) if is_done => Poll::Ready(End::Drop(*reason, detail.clone())),
            _ if self.events.is_orphaned() => Poll::Ready(End::Abort),
            _ => Poll::Pending,
        }
    }

    fn flush(&mut self, context: &mut Context<'_>) {
        let flushed = self.noise.lock().flush(context);
        if self.is_blocked && flushed.is_ready() {
            // What waited for this can go on.
            self.orders.wake();
        }
        self.is_blocked = flushed.is_pending();
        if let Poll::Ready(Err(_)) = flushed {
            self.lose(None);
        }
    }

    fn check_deadlines(&mut self, context: &mut Context<'_>) {
        let limit = self.inner.shared.limits.frame_timeout;
        // What is not read because of this side is not late.
        let reads = self.unread.has_room();
        let message = self.noise.lock().progress();
        Deadlines::note(&mut self.deadlines.message, message, reads && self.connection.is_some());
        let frame = self.control.as_ref().map_or((0, false), Control::progress);
        let limits = &self.inner.shared.limits;
        let takes =
            self.events.is_empty() && self.orders.received.has_room(limits.received_frames, limits.received_bytes);
        Deadlines::note(&mut self.deadlines.frame, frame, reads && takes);
        let begun =
            [self.deadlines.message, self.deadlines.frame].into_iter().flatten().map(|(_, since)| since + limit);
        let Some(deadline) = begun.chain(self.deadlines.control).min() else { return };
        let timer = self.deadlines.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        // The timer may be an older one that was left running, as most messages are complete soon. It may be too late,
        // too: the time for something else was longer.
        if timer.deadline() > deadline {
            timer.as_mut().reset(deadline);
        }
        while timer.as_mut().poll(context).is_ready() {
            if Instant::now() < deadline {
                timer.as_mut().reset(deadline);
                continue;
            }
            let late = if self.deadlines.control.is_some_and(|control| control <= deadline) {
                "the peer did not open the control stream in time".into()
            } else {
                format!("a message that had begun was not complete within {} s", limit.as_secs_f32())
            };
            self.end(CloseReason::TimedOut, late);
            return;
        }
    }

    /// The connection has ended by itself.
    fn lose(&mut self, error: Option<&ConnectionError>) {
        let (reason, detail) = match (self.noise.lock().take_failure(), error) {
            (Some(Failure::Line(error)), _) if is_gone(error.kind()) => {
                (CloseReason::Remote, format!("the peer went away: {error}"))
            }
            (Some(failure @ Failure::CutOff), _) => (CloseReason::Remote, failure.to_string()),
            (Some(failure @ (Failure::TooShort(_) | Failure::NotAuthentic(_))), _) => {
                (CloseReason::Spoilt, failure.to_string())
            }
            // Whatever yamux reads was authentic.
            (Some(failure @ Failure::PeerBrokeYamux(_)), _) => (CloseReason::Violation, failure.to_string()),
            (Some(failure), _) => (CloseReason::Failed, failure.to_string()),
            (None, Some(ConnectionError::Decode(FrameDecodeError::Io(_)))) => {
                (CloseReason::Remote, "the connection ended in the middle of a frame of yamux".into())
            }
            (None, Some(ConnectionError::Decode(error))) => {
                (CloseReason::Violation, format!("the peer broke the rules of yamux: {error}"))
            }
            (None, _) => (CloseReason::Remote, "the peer closed the session".into()),
        };
        self.end(reason, detail);
    }

    fn end(&mut self, reason: CloseReason, detail: String) {
        self.ended.get_or_insert((reason, detail));
        // The streams learn it, and the socket is closed; what they hold can still be read.
        self.connection = None;
        drop(self.noise.lock().disconnect());
    }

    /// Sends what is queued, then says goodbye, then waits until the peer has read it: a socket that is closed with
    /// something unread in it would take back what was sent.
    async fn close(&mut self) {
        poll_fn(|context| self.send_the_rest(context)).await;
        if let Some(connection) = &mut self.connection {
            let _ = poll_fn(|context| connection.poll_close(context)).await;
        } else {
            let _ = poll_fn(|context| Pin::new(&mut self.noise).poll_close(context)).await;
        }
        let Some(mut line) = self.noise.lock().disconnect() else { return };
        while line.read(&mut Buffer::take()).await.is_ok_and(|bytes| bytes > 0) {}
    }

    fn send_the_rest(&mut self, context: &mut Context<'_>) -> Poll<()> {
        // The orders to open, to send and to close may have come together.
        self.open_streams(context);
        loop {
            if self.ended.is_some() || self.connection.is_none() {
                return Poll::Ready(());
            }
            let mut moved = match &mut self.control {
                Some(control) => control.write(context, &self.orders),
                None => false,
            };
            moved |= self.poll_connection(context);
            let is_writing = self.control.as_ref().is_some_and(Control::is_writing);
            if !is_writing && self.orders.is_queue_empty() {
                return Poll::Ready(());
            }
            if !moved {
                let _ = self.noise.lock().flush(context);
                return Poll::Pending;
            }
        }
    }
}

impl Deadlines {
    /// Notes since when a part is there whose rest is not.
    fn note(begun: &mut Option<(u64, Instant)>, (complete, is_begun): (u64, bool), counts: bool) {
        if !is_begun || !counts {
            *begun = None;
        } else if begun.is_none_or(|(before, _)| before != complete) {
            *begun = Some((complete, Instant::now()));
        }
    }
}

/// Tells the peer that a stream is there before there is anything to send: it cannot write into it earlier.
fn announce(stream: &mut yamux::Stream, context: &mut Context<'_>) {
    // An empty write makes an empty piece with the flag that opens the stream, for which a new stream always has room.
    let _ = Pin::new(stream).poll_write(context, &[]);
}

/// The windows of yamux. It ends a session that has too many streams; whether one is accepted is decided here, so that
/// a peer may try to open more than it gets.
fn configuration() -> yamux::Config {
    let mut configuration = yamux::Config::default();
    configuration.set_max_num_streams(YAMUX_STREAMS);
    let windows = YAMUX_STREAMS * YAMUX_WINDOW_BYTES + YAMUX_WINDOW_GROWTH_BYTES;
    configuration.set_max_connection_receive_window(Some(windows));
    // With its header it fills a Noise message.
    configuration.set_split_send_size(PAYLOAD_BYTES - YAMUX_HEADER_BYTES);
    configuration
}

/// Whether the peer, or the way to it, is no more.
fn is_gone(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NotConnected
            | io::ErrorKind::TimedOut
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::WriteZero
    )
}
