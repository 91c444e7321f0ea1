//! A session from its first packet to its last: handshake, control stream, bulk streams, close. One task, which waits
//! for all that can happen at once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use quinn::{Connection, ConnectionError, Incoming, VarInt};
use tokio::time::{Instant, timeout_at};

use super::endpoint::Endpoint;
use super::inner::Inner;
use super::shared::{Opened, Session, lost};
use super::talk::Talk;
use super::{parameters, tls};
use crate::identity::NodeId;
use crate::transports::sessions::{Ended, Place, failed, ordered};
use crate::transports::{CloseReason, PacketCounts, SessionNumber, TransportEvent};

/// What the keys of a session are asked for, to make the hash that PEER-ID signs (RFC 9846, section 7.5; the label of
/// an exporter is registered or experimental).
const EXPORTER_LABEL: &[u8] = b"EXPORTER-bitpie-session";

/// The name of the other side, as TLS wants one: it is not sent, and means nothing.
const NO_NAME: &str = "bitpie";

/// How a session comes to be.
enum Opening {
    Dial { to: SocketAddr, expected: NodeId, place: Result<Place, String> },
    Accepted { incoming: Box<Incoming>, remote: SocketAddr, place: Place },
}

pub(super) fn dial(inner: &Arc<Inner>, number: SessionNumber, to: SocketAddr, expected: NodeId) {
    let place = inner.shared.admission.dial_or_say(&inner.shared.limits, number, to.ip());
    start(inner, number, Opening::Dial { to, expected, place });
}

pub(super) fn accepted(
    inner: &Arc<Inner>,
    number: SessionNumber,
    incoming: Incoming,
    remote: SocketAddr,
    place: Place,
) {
    start(inner, number, Opening::Accepted { incoming: Box::new(incoming), remote, place });
}

fn start(inner: &Arc<Inner>, number: SessionNumber, opening: Opening) {
    let owned = Arc::clone(inner);
    inner.shared.start(number, move |orders| Session { inner: owned, number, orders }.live(opening));
}

impl Session {
    async fn live(self, opening: Opening) -> Ended {
        // The handshake is done with soon: it is not kept in the memory of the task.
        let (opened, place) = match Box::pin(self.open(opening)).await {
            Ok(opened) => opened,
            Err(ended) => return ended,
        };
        let connection = opened.connection.clone();
        let ended = Talk::new(self, opened).live().await;
        let is_violation = matches!(&ended, Some((CloseReason::Violation, _)));
        connection.close(VarInt::from_u32(is_violation.into()), b"");
        drop(place);
        ended
    }

    /// All that comes before the streams.
    async fn open(&self, opening: Opening) -> Result<(Opened, Place), Ended> {
        let limit = self.inner.shared.limits.handshake_timeout;
        let until = Instant::now() + limit;
        let (connection, place, is_outgoing) = match opening {
            Opening::Dial { to, expected, place } => {
                let place = place.map_err(failed)?;
                self.tell(TransportEvent::Connected { session: self.number, remote: to }).await?;
                (self.call(to, expected, until, limit).await?, place, true)
            }
            Opening::Accepted { incoming, remote, place } => {
                // A session that ends before it was reported is never reported.
                tokio::select! {
                    told = self.tell(TransportEvent::Accepted { session: self.number, remote, through: None }) => told?,
                    _ = self.orders.until_end() => return Err(None),
                }
                (self.answer(*incoming, until, limit).await?, place, false)
            }
        };
        let shown = connection.peer_identity().and_then(|keys| keys.downcast::<Vec<_>>().ok());
        let peer = shown.and_then(|keys| tls::node_of(keys.first()?));
        let peer =
            peer.ok_or_else(|| Some((CloseReason::BadHandshake, "the peer has shown no identity".to_owned())))?;
        let mut handshake_hash = [0; 32];
        let exported = connection.export_keying_material(&mut handshake_hash, EXPORTER_LABEL, b"");
        exported.map_err(|_| failed("the keys of the session give no hash".to_owned()))?;
        if let Some(own) = connection.local_ip().filter(|_| !is_outgoing) {
            let _ = self.orders.own_address.set(own.to_canonical());
        }
        let counted = connection.clone();
        let _ = self.orders.packets.set(Box::new(move || {
            let path = counted.stats().path;
            PacketCounts { sent: path.sent_packets, lost: path.lost_packets }
        }));
        let session = self.number;
        self.tell(TransportEvent::Authenticated { session, peer, handshake_hash, outgoing: is_outgoing }).await?;
        Ok((Opened { connection, peer, is_outgoing }, place))
    }

    async fn call(
        &self,
        to: SocketAddr,
        expected: NodeId,
        until: Instant,
        limit: Duration,
    ) -> Result<Connection, Ended> {
        tokio::select! {
            wanted = timeout_at(until, self.orders.until_handshake()) => wanted.map_err(|_| too_late(limit))?,
            end = self.orders.until_end() => return Err(ordered(end)),
        }
        let unreachable = |error: &dyn std::fmt::Display| failed(format!("{to} cannot be reached: {error}"));
        let endpoint =
            Endpoint::for_dialling(&self.inner.endpoint, &self.inner.shared).map_err(|error| unreachable(&error))?;
        let (configuration, found) = parameters::caller(&self.inner.identity, expected, (self.inner.unix_ms)());
        let connecting = endpoint.connect_with(configuration, to, NO_NAME).map_err(|error| unreachable(&error))?;
        tokio::select! {
            connected = timeout_at(until, connecting) => match (connected, found.get()) {
                (Ok(Ok(connection)), _) => Ok(connection),
                (Ok(Err(_)), Some(found)) => {
                    let detail = format!("another node is there than was expected: {found} instead of {expected}");
                    Err(Some((CloseReason::UnexpectedId, detail)))
                }
                (Ok(Err(error)), None) => Err(Some(in_handshake(&error))),
                (Err(_), _) => {
                    let seconds = limit.as_secs_f32();
                    let detail = format!("nobody answers as {expected} at {to} within {seconds} s: it is another node, or \
                         no node, or it takes no call from this one");
                    Err(Some((CloseReason::TimedOut, detail)))
                }
            },
            end = self.orders.until_end() => Err(ordered(end)),
        }
    }

    async fn answer(&self, incoming: Incoming, until: Instant, limit: Duration) -> Result<Connection, Ended> {
        let connecting = incoming.accept().map_err(|error| Some(in_handshake(&error)))?;
        tokio::select! {
            connected = timeout_at(until, connecting) => match connected {
                Ok(connected) => connected.map_err(|error| Some(in_handshake(&error))),
                Err(_) => Err(too_late(limit)),
            },
            end = self.orders.until_end() => Err(ordered(end)),
        }
    }
}

fn too_late(limit: Duration) -> Ended {
    Some((CloseReason::TimedOut, format!("the handshake took longer than {} s", limit.as_secs_f32())))
}

/// Why a connection did not come about.
fn in_handshake(error: &ConnectionError) -> (CloseReason, String) {
    match error {
        ConnectionError::TransportError(_) => (CloseReason::BadHandshake, format!("the handshake failed: {error}")),
        error => lost(error),
    }
}
