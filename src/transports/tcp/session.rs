//! A session from its first byte to its last: connection, handshake, streams, close. One task, which owns the socket.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::handshake::{HandshakeError, Proven};
use super::inner::Inner;
use super::line::Line;
use super::streams::Streams;
use crate::identity::NodeId;
use crate::transports::sessions::{Caller, Ended, OpeningLine, Orders, Place, failed, ordered};
use crate::transports::{BulkStream, CloseReason, SessionNumber, TransportEvent};

/// How a session comes to be.
enum Opening {
    Dial {
        to: SocketAddr,
        expected: NodeId,
        place: Result<Place, String>,
    },
    Accepted {
        socket: TcpStream,
        remote: SocketAddr,
        place: Place,
    },
    /// This side asks another node to carry it.
    DialThrough {
        line: OpeningLine,
        remote: SocketAddr,
        expected: NodeId,
        place: Result<Place, String>,
    },
    /// Another node carries it, and says who has called.
    Called {
        stream: BulkStream,
        by: Caller,
        place: Place,
    },
}

/// A session before its handshake.
struct Begun {
    line: Line,
    place: Place,
    is_outgoing: bool,
    /// Who has to be there, if that is known.
    expected: Option<NodeId>,
}

/// What the steps of a session share.
struct Session {
    inner: Arc<Inner>,
    number: SessionNumber,
    orders: Arc<Orders>,
}

pub(super) fn dial(inner: &Arc<Inner>, number: SessionNumber, to: SocketAddr, expected: NodeId) {
    let place = inner.shared.admission.dial_or_say(&inner.shared.limits, number, to.ip());
    start(inner, number, Opening::Dial { to, expected, place });
}

pub(super) fn accepted(inner: &Arc<Inner>, number: SessionNumber, socket: TcpStream, remote: SocketAddr, place: Place) {
    start(inner, number, Opening::Accepted { socket, remote, place });
}

/// Dials over a line that another node carries, and that is reached at that address.
pub(super) fn dial_through(
    inner: &Arc<Inner>,
    number: SessionNumber,
    line: OpeningLine,
    remote: SocketAddr,
    expected: NodeId,
) {
    let place = inner.shared.admission.dial_or_say(&inner.shared.limits, number, remote.ip());
    start(inner, number, Opening::DialThrough { line, remote, expected, place });
}

/// Somebody has called, and another node carries the session.
pub(super) fn called(inner: &Arc<Inner>, number: SessionNumber, stream: BulkStream, by: Caller, place: Place) {
    start(inner, number, Opening::Called { stream, by, place });
}

fn start(inner: &Arc<Inner>, number: SessionNumber, opening: Opening) {
    let owned = Arc::clone(inner);
    inner.shared.start(number, move |orders| Session { inner: owned, number, orders }.live(opening));
}

impl Session {
    async fn live(self, opening: Opening) -> Ended {
        // The steps before the streams are large, and done with soon: they are not kept in the memory of the task.
        let opened = Box::pin(self.open(opening)).await;
        let (streams, place) = match opened {
            Ok(opened) => opened,
            Err(ended) => return ended,
        };
        let ended = streams.live().await;
        drop(place);
        ended
    }

    /// All that comes before the streams.
    async fn open(&self, opening: Opening) -> Result<(Streams, Place), Ended> {
        let Begun { mut line, place, is_outgoing, expected } = self.begin(opening).await?;
        if let Some(own) = line.own_address() {
            let _ = self.orders.own_address.set(own);
        }
        line.set_nodelay().map_err(|error| failed(format!("the socket cannot be used: {error}")))?;
        let proven = self.shake_hands(&mut line, expected.filter(|_| is_outgoing)).await?;
        let peer = proven.peer;
        if let Some(expected) = expected.filter(|expected| *expected != peer) {
            let detail = HandshakeError::UnexpectedId { expected, found: peer }.to_string();
            return Err(Some((CloseReason::UnexpectedId, detail)));
        }
        let handshake_hash = proven.handshake_hash;
        let streams = Streams::new(&self.inner, self.number, &self.orders, line, proven, is_outgoing);
        let authenticated =
            TransportEvent::Authenticated { session: self.number, peer, handshake_hash, outgoing: is_outgoing };
        self.tell(authenticated).await?;
        Ok((streams, place))
    }

    async fn begin(&self, opening: Opening) -> Result<Begun, Ended> {
        match opening {
            Opening::Dial { to, expected, place } => {
                let (socket, place) = self.connect(to, place).await?;
                Ok(Begun { line: Line::Socket(socket), place, is_outgoing: true, expected: Some(expected) })
            }
            Opening::Accepted { socket, remote, place } => {
                self.tell_accepted(remote, None).await?;
                Ok(Begun { line: Line::Socket(socket), place, is_outgoing: false, expected: None })
            }
            Opening::DialThrough { line, remote, expected, place } => {
                let place = place.map_err(failed)?;
                let opened = tokio::select! {
                    opened = timeout(self.inner.shared.limits.dial_timeout, line) => opened,
                    end = self.orders.until_end() => return Err(ordered(end)),
                };
                let late = || Some((CloseReason::TimedOut, "the relay did not answer in time".to_owned()));
                let stream = opened.map_err(|_| late())?.map_err(failed)?;
                self.tell(TransportEvent::Connected { session: self.number, remote }).await?;
                Ok(Begun { line: Line::Carried(stream), place, is_outgoing: true, expected: Some(expected) })
            }
            Opening::Called { stream, by, place } => {
                self.tell_accepted(by.remote, Some(by.through)).await?;
                Ok(Begun { line: Line::Carried(stream), place, is_outgoing: false, expected: Some(by.caller) })
            }
        }
    }

    async fn tell_accepted(&self, remote: SocketAddr, through: Option<NodeId>) -> Result<(), Ended> {
        let told = self.tell(TransportEvent::Accepted { session: self.number, remote, through });
        // A session that ends before it was reported is never reported.
        tokio::select! {
            told = told => told,
            _ = self.orders.until_end() => Err(None),
        }
    }

    async fn connect(&self, to: SocketAddr, place: Result<Place, String>) -> Result<(TcpStream, Place), Ended> {
        let place = place.map_err(failed)?;
        let limit = self.inner.shared.limits.dial_timeout;
        let connected = tokio::select! {
            connected = timeout(limit, TcpStream::connect(to)) => connected,
            end = self.orders.until_end() => return Err(ordered(end)),
        };
        let socket = match connected {
            Ok(Ok(socket)) => socket,
            Ok(Err(error)) if error.kind() == io::ErrorKind::TimedOut => {
                return Err(Some((CloseReason::TimedOut, format!("nobody answers at {to}"))));
            }
            Ok(Err(error)) => return Err(failed(format!("{to} cannot be reached: {error}"))),
            Err(_) => {
                let detail = format!("nobody answers at {to} within {} s", limit.as_secs_f32());
                return Err(Some((CloseReason::TimedOut, detail)));
            }
        };
        self.tell(TransportEvent::Connected { session: self.number, remote: to }).await?;
        Ok((socket, place))
    }

    async fn shake_hands(&self, line: &mut Line, expected: Option<NodeId>) -> Result<Proven, Ended> {
        let limit = self.inner.shared.limits.handshake_timeout;
        let keys = &self.inner.keys;
        let handshake = async {
            match expected {
                Some(expected) => {
                    self.orders.until_handshake().await;
                    keys.initiate(line, expected).await
                }
                None => keys.respond(line).await,
            }
        };
        tokio::select! {
            shaken = timeout_at(Instant::now() + limit, handshake) => match shaken {
                Ok(Ok(proven)) => Ok(proven),
                Ok(Err(error @ (HandshakeError::Gone(_) | HandshakeError::NoAnswer { .. }))) => Err(Some((CloseReason::Remote, error.to_string()))),
                Ok(Err(error @ HandshakeError::UnexpectedId { .. })) => {
                    Err(Some((CloseReason::UnexpectedId, error.to_string())))
                }
                Ok(Err(error @ HandshakeError::Noise(_))) => Err(failed(error.to_string())),
                Ok(Err(error)) => Err(Some((CloseReason::BadHandshake, error.to_string()))),
                Err(_) => {
                    let detail = format!("the handshake took longer than {} s", limit.as_secs_f32());
                    Err(Some((CloseReason::TimedOut, detail)))
                }
            },
            end = self.orders.until_end() => Err(ordered(end)),
        }
    }

    async fn tell(&self, event: TransportEvent) -> Result<(), Ended> {
        self.inner.shared.events.send(event).await.map_err(|_| None)
    }
}
