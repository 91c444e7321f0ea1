//! A session whose peer is known: frames in the control stream, bulk streams beside it, signs of life in datagrams.

use std::future::{pending, poll_fn};
use std::net::SocketAddr;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use bytes::Bytes;
use quinn::{Connection, ReadError, RecvStream, SendStream, VarInt};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::shared::{Opened, Session, lost};
use super::stream::{BEGINNING, QuicStream};
use crate::identity::NodeId;
use crate::transports::sessions::{
    BulkStream, End, Ended, IncomingBulk, KEEP_ALIVE_INTERVAL, OpenBulkError, OpenStreams, REFUSED_BULK_STREAMS,
    REST_HANDED_OUT, lock,
};
use crate::transports::{CloseReason, TransportEvent};
use crate::wire::FrameReader;

/// Queued frames are gathered up to this before they are written.
const BATCH_BYTES: usize = 65_536;

/// Bytes that are read at a time, at most.
const PIECE_BYTES: usize = 65_536;

/// A datagram that asks for a sign of life, and the answer.
const ASKS: Bytes = Bytes::from_static(&[1]);
const ANSWERS: Bytes = Bytes::from_static(&[0]);

/// A session whose peer is known.
pub(super) struct Talk {
    session: Session,
    connection: Connection,
    peer: NodeId,
    is_outgoing: bool,
    opened_here: Arc<AtomicUsize>,
    opened_there: Arc<AtomicUsize>,
    /// Where the peer was last.
    remote: Mutex<SocketAddr>,
}

/// How it ends.
enum Outcome {
    /// As it was told to.
    Told(End),
    /// By itself.
    Lost(CloseReason, String),
    /// Nobody is there to be told anything.
    Orphaned,
}

impl Outcome {
    fn of(reason: CloseReason, detail: &str) -> Self {
        Self::Lost(reason, detail.to_owned())
    }
}

impl Talk {
    pub(super) fn new(session: Session, opened: Opened) -> Self {
        let Opened { connection, peer, is_outgoing } = opened;
        let (opened_here, opened_there) = Default::default();
        let remote = Mutex::new(connection.remote_address());
        Self { session, connection, peer, is_outgoing, opened_here, opened_there, remote }
    }

    /// Tells if the peer goes on from another address (RFC 9000, section 9.3).
    async fn look_where_the_peer_is(&self) -> Result<(), Ended> {
        let remote = self.connection.remote_address();
        if std::mem::replace(&mut *lock(&self.remote), remote) == remote {
            return Ok(());
        }
        let remote = SocketAddr::new(remote.ip().to_canonical(), remote.port());
        self.session.tell(TransportEvent::PeerMoved { session: self.session.number, remote }).await
    }

    /// Until the session has ended.
    pub(super) async fn live(self) -> Ended {
        let (send, receive) = match self.begin().await {
            Ok(control) => control,
            Err(outcome) => return self.end(outcome, None).await,
        };
        let mut frames = Frames::of(send);
        let outcome = tokio::select! {
            biased;
            end = self.session.orders.until_end() => Outcome::Told(end),
            outcome = self.receive(receive) => outcome,
            outcome = frames.send_all(&self) => outcome,
            outcome = self.accept_bulk() => outcome,
            outcome = self.open_bulk() => outcome,
            outcome = self.signs_of_life() => outcome,
            outcome = self.connection_lost() => outcome,
        };
        self.end(outcome, Some(frames)).await
    }

    async fn end(&self, outcome: Outcome, frames: Option<Frames>) -> Ended {
        match outcome {
            Outcome::Told(end) => {
                let rest = async {
                    // What was queued before it began is sent all the same.
                    let is_wanted = self.session.orders.is_open_wanted() && !self.session.orders.is_queue_empty();
                    let frames = match frames {
                        None if is_wanted => self.control().await.ok().map(|(send, _)| Frames::of(send)),
                        frames => frames,
                    };
                    if let Some(frames) = frames {
                        frames.send_the_rest(self).await;
                    }
                };
                self.session.end(end, rest).await
            }
            Outcome::Lost(reason, detail) => Some((reason, detail)),
            Outcome::Orphaned => None,
        }
    }

    /// Opens the control stream, when that is wanted, or takes the peer's.
    async fn begin(&self) -> Result<(SendStream, RecvStream), Outcome> {
        let open = async {
            self.session.orders.until_open().await;
            self.control().await
        };
        tokio::select! {
            biased;
            end = self.session.orders.until_end() => Err(Outcome::Told(end)),
            opened = open => opened,
            outcome = self.signs_of_life() => Err(outcome),
            outcome = self.connection_lost() => Err(outcome),
        }
    }

    async fn control(&self) -> Result<(SendStream, RecvStream), Outcome> {
        if self.is_outgoing { self.open_control().await } else { self.accept_control().await }
    }

    async fn open_control(&self) -> Result<(SendStream, RecvStream), Outcome> {
        let gone = |error: &dyn std::fmt::Display| Outcome::of(CloseReason::Failed, &format!("no stream: {error}"));
        let (mut send, receive) = self.connection.open_bi().await.map_err(|error| gone(&error))?;
        send.write_all(&[BEGINNING]).await.map_err(|error| gone(&error))?;
        Ok((send, receive))
    }

    async fn accept_control(&self) -> Result<(SendStream, RecvStream), Outcome> {
        let limit = self.session.inner.shared.limits.handshake_timeout;
        let accept = async {
            let (send, mut receive) = self.connection.accept_bi().await.ok()?;
            let mut first = [0];
            receive.read_exact(&mut first).await.ok()?;
            Some((send, receive, first))
        };
        match timeout(limit, accept).await {
            Ok(Some((send, receive, [BEGINNING]))) => Ok((send, receive)),
            Ok(Some(_)) => Err(Outcome::of(CloseReason::Violation, "the control stream does not begin as it should")),
            // Why the connection has ended, it says itself.
            Ok(None) => Err(self.connection_lost().await),
            Err(_) => Err(Outcome::of(CloseReason::TimedOut, "the peer did not open the control stream in time")),
        }
    }

    /// The connection has ended by itself; what came before has been handed out, or has had its time.
    async fn connection_lost(&self) -> Outcome {
        let error = self.connection.closed().await;
        sleep(REST_HANDED_OUT).await;
        let (reason, detail) = lost(&error);
        Outcome::Lost(reason, detail)
    }

    /// Takes frames out of the control stream as long as there is room for them.
    async fn receive(&self, mut stream: RecvStream) -> Outcome {
        let limits = &self.session.inner.shared.limits;
        let mut begun = FrameReader::new();
        let mut due = None;
        loop {
            self.until_room().await;
            let piece = stream.read_chunk(PIECE_BYTES, true);
            let piece = match due {
                Some(due) => timeout_at(due, piece).await,
                None => Ok(piece.await),
            };
            let piece = match piece {
                Ok(Ok(Some(piece))) => piece.bytes,
                Ok(Ok(None)) => return Outcome::of(CloseReason::Remote, "the peer closed the control stream"),
                Ok(Err(ReadError::ConnectionLost(error))) => {
                    let (reason, detail) = lost(&error);
                    return Outcome::Lost(reason, detail);
                }
                Ok(Err(error)) => return Outcome::Lost(CloseReason::Remote, error.to_string()),
                Err(_) => {
                    let seconds = limits.frame_timeout.as_secs_f32();
                    let detail = format!("a frame that had begun was not complete within {seconds} s");
                    return Outcome::Lost(CloseReason::TimedOut, detail);
                }
            };
            if self.look_where_the_peer_is().await.is_err() {
                return Outcome::Orphaned;
            }
            let mut at = 0;
            while at < piece.len() {
                let (bytes, frame) = begun.push(&piece[at..], limits.frame_bytes);
                at += bytes;
                match frame {
                    Ok(Some(bytes)) => {
                        due = None;
                        self.until_room().await;
                        let waiting = self.session.orders.received.enter(bytes.len());
                        let event = TransportEvent::Frame { session: self.session.number, bytes, waiting };
                        if self.session.tell(event).await.is_err() {
                            return Outcome::Orphaned;
                        }
                    }
                    Ok(None) => {}
                    Err(error) => return Outcome::Lost(CloseReason::Violation, error.to_string()),
                }
            }
            if !begun.is_between_frames() {
                due.get_or_insert_with(|| Instant::now() + limits.frame_timeout);
            }
        }
    }

    /// Until fewer frames wait than may.
    async fn until_room(&self) {
        let limits = &self.session.inner.shared.limits;
        let received = &self.session.orders.received;
        poll_fn(|context| {
            received.register(context.waker());
            let has_room = received.has_room(limits.received_frames, limits.received_bytes);
            if has_room { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Takes bulk streams that the peer opens. That the connection is lost is seen elsewhere.
    async fn accept_bulk(&self) -> Outcome {
        let limit = self.session.inner.shared.limits.bulk_streams();
        let mut refused = 0;
        while let Ok((send, receive)) = self.connection.accept_bi().await {
            let place = OpenStreams::one_more(&self.opened_there, limit);
            let stream = QuicStream::accepted(send, receive);
            let (Some(place), Some(taker)) = (place, self.session.inner.shared.bulk_taker()) else {
                drop(stream);
                refused += 1;
                if refused > REFUSED_BULK_STREAMS {
                    let detail =
                        format!("the peer opened {REFUSED_BULK_STREAMS} streams that were refused, and goes on");
                    return Outcome::Lost(CloseReason::Violation, detail);
                }
                continue;
            };
            let stream = BulkStream::new(stream, place);
            // A stream that nobody has room for is dropped, which the peer sees.
            let _ = taker.try_send(IncomingBulk { session: self.session.number, peer: self.peer, stream });
        }
        pending().await
    }

    /// Opens the bulk streams that are wanted.
    async fn open_bulk(&self) -> Outcome {
        let limits = &self.session.inner.shared.limits;
        let limit = limits.bulk_streams();
        loop {
            let reply = self.session.orders.next_bulk().await;
            let Some(place) = OpenStreams::one_more(&self.opened_here, limit) else {
                let _ = reply.send(Err(OpenBulkError::TooMany { limit }));
                continue;
            };
            let open = async {
                let (mut send, receive) = self.connection.open_bi().await.ok()?;
                send.write_all(&[BEGINNING]).await.ok()?;
                Some(BulkStream::new(QuicStream::opened(send, receive), place))
            };
            let answer = match timeout(limits.handshake_timeout, open).await {
                Ok(opened) => opened.ok_or(OpenBulkError::Closed),
                // The peer allows fewer.
                Err(_) => Err(OpenBulkError::TooMany { limit }),
            };
            // Whoever asked may have gone; then the stream goes too.
            let _ = reply.send(answer);
        }
    }

    /// Datagrams of both sides, which ask and answer; and the word that this side's addresses have changed.
    async fn signs_of_life(&self) -> Outcome {
        let mut told: Option<Instant> = None;
        let session = self.session.number;
        loop {
            let event = tokio::select! {
                datagram = self.connection.read_datagram() => {
                    let Ok(datagram) = datagram else { return pending().await };
                    if self.look_where_the_peer_is().await.is_err() {
                        return Outcome::Orphaned;
                    }
                    let now = Instant::now();
                    if told.is_some_and(|told| now < told + KEEP_ALIVE_INTERVAL) {
                        continue;
                    }
                    told = Some(now);
                    if datagram == ASKS {
                        // One that has no room goes with the next.
                        let _ = self.connection.send_datagram(ANSWERS);
                    }
                    TransportEvent::KeepAlive { session }
                }
                () = self.session.orders.next_keep_alive() => {
                    let _ = self.connection.send_datagram(ASKS);
                    continue;
                }
                () = self.session.orders.next_move(), if self.is_outgoing => TransportEvent::Moved { session },
            };
            if self.session.tell(event).await.is_err() {
                return Outcome::Orphaned;
            }
        }
    }
}

/// Frames on their way out.
struct Frames {
    send: SendStream,
    batch: Vec<u8>,
    written: usize,
}

impl Frames {
    fn of(send: SendStream) -> Self {
        Self { send, batch: Vec::new(), written: 0 }
    }

    /// Sends what is queued, now and later. When the peer takes nothing any more, the reason is seen where it is read.
    async fn send_all(&mut self, talk: &Talk) -> Outcome {
        loop {
            talk.session.orders.until_frames().await;
            if self.send_queued(talk).await.is_err() {
                return pending().await;
            }
        }
    }

    /// What is queued. It may be given up in the middle, and taken up again.
    async fn send_queued(&mut self, talk: &Talk) -> Result<(), quinn::WriteError> {
        loop {
            while self.written < self.batch.len() {
                self.written += self.send.write(&self.batch[self.written..]).await?;
            }
            // An idle session keeps no buffer.
            self.batch = Vec::new();
            self.written = 0;
            talk.session.orders.take_frames(&mut self.batch, BATCH_BYTES);
            if self.batch.is_empty() {
                return Ok(());
            }
        }
    }

    /// What is left, until the peer has it.
    async fn send_the_rest(mut self, talk: &Talk) {
        if self.send_queued(talk).await.is_ok() && self.send.finish().is_ok() {
            let _ = self.send.stopped().await;
        } else {
            let _ = self.send.reset(VarInt::from_u32(0));
        }
    }
}
