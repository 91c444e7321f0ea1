//! JSON-RPC over WebTransport (draft-ietf-webtrans-http3, over HTTP/3 and QUIC): each bidirectional stream that the client
//! opens is a conversation, in which a line is a request or a batch, and each answer and notification is one.
//!
//! QUIC is ours, with its limits, and the crate `wtransport` speaks HTTP/3 on top of it.

mod ending;
mod lines;
mod session;
mod stream;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use quinn::crypto::rustls::QuicServerConfig;
use quinn::{EndpointConfig, IdleTimeout, Incoming, ServerConfig, TokioRuntime, TransportConfig, VarInt};
use rustls::crypto::ring;
use rustls::version::TLS13;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::certificate::ShownCertificate;
use super::line::{Line, Serves, Shared};
use super::places::Places;
use super::server::{CONNECTIONS, END_TIMEOUT, HEAD_TIMEOUT};
use super::visitor::Way;
use crate::quic_socket::{QUIC_VERSION, QuicSocket};
use ending::ends;
use session::Opened;

/// Conversations of a connection at the same time. QUIC lets nobody open more.
pub const STREAMS: u32 = 4;

/// Streams in one direction that a client may open: three are HTTP/3's, and the others are refused.
const ONE_WAY_STREAMS: u32 = 8;

/// Bytes of a stream that may be on their way to this node.
const STREAM_WINDOW_BYTES: u32 = 128 << 10;

/// Bytes of a connection that may be on their way, in each direction.
const CONNECTION_WINDOW_BYTES: u32 = 512 << 10;

/// Bytes of datagrams that wait. Nothing is said by datagrams here.
const DATAGRAM_BYTES: usize = 16 << 10;

/// How often a silent connection is asked whether somebody is there.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// A connection of which nothing is heard for so long is over.
const IDLE_MS: u32 = 30_000;

/// Connections that QUIC has, those included that end by their silence; beyond that, nobody comes in.
const OPEN_CONNECTIONS: usize = 4 * CONNECTIONS;

/// Handshakes that have not been looked at.
const WAITING_HANDSHAKES: usize = 64;

/// Bytes of early packets that are kept for each of them, and for all.
const EARLY_BYTES: [u64; 2] = [8 << 10, 512 << 10];

/// How often it is looked whether a socket is given back.
const GIVEN_BACK_LOOK: Duration = Duration::from_millis(2);

fn server_config(shown: ShownCertificate) -> ServerConfig {
    let builder = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_protocol_versions(&[&TLS13]).expect("ring has what TLS 1.3 needs");
    let mut tls = builder.with_no_client_auth().with_cert_resolver(Arc::new(shown));
    tls.alpn_protocols = vec![b"h3".to_vec()];
    // Each connection begins with the certificate that is shown then.
    tls.send_tls13_tickets = 0;
    let tls = QuicServerConfig::try_from(tls).expect("ring has the cipher of QUIC's first packets");
    let mut transport = TransportConfig::default();
    transport
        // One is the session itself.
        .max_concurrent_bidi_streams(VarInt::from_u32(1 + STREAMS))
        .max_concurrent_uni_streams(VarInt::from_u32(ONE_WAY_STREAMS))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW_BYTES))
        .receive_window(VarInt::from_u32(CONNECTION_WINDOW_BYTES))
        .send_window(u64::from(CONNECTION_WINDOW_BYTES))
        .max_idle_timeout(Some(IdleTimeout::from(VarInt::from_u32(IDLE_MS))))
        .keep_alive_interval(Some(KEEP_ALIVE))
        .datagram_receive_buffer_size(Some(DATAGRAM_BYTES))
        .datagram_send_buffer_size(DATAGRAM_BYTES)
        .allow_spin(false);
    let mut config = ServerConfig::with_crypto(Arc::new(tls));
    config
        .transport_config(Arc::new(transport))
        // Limits are those of an address, and rights those of this machine.
        .migration(false)
        .max_incoming(WAITING_HANDSHAKES)
        .incoming_buffer_size(EARLY_BYTES[0])
        .incoming_buffer_size_total(EARLY_BYTES[1]);
    config
}

/// Puts QUIC onto a socket. To be called within a tokio runtime.
///
/// # Errors
/// If the system does not let it be used.
pub fn endpoint(socket: Arc<QuicSocket>, shown: ShownCertificate) -> io::Result<quinn::Endpoint> {
    let mut config = EndpointConfig::default();
    // The bit that tells QUIC from STUN is always set, which RFC 9287 would let clients change.
    config.grease_quic_bit(false).supported_versions(vec![QUIC_VERSION]);
    quinn::Endpoint::new_with_abstract_socket(config, Some(server_config(shown)), socket, Arc::new(TokioRuntime))
}

/// Answers by it, until `ending` says that it is to be closed or the API ends. When this completes, the system has the
/// socket back, unless that takes longer than [`END_TIMEOUT`].
///
/// # Errors
/// If the system takes the socket away.
pub async fn serve_webtransport(
    endpoint: quinn::Endpoint,
    socket: Weak<QuicSocket>,
    shared: Arc<Shared>,
    mut ending: watch::Receiver<bool>,
) -> io::Result<()> {
    let at = endpoint.local_addr()?;
    let (end, to_end) = watch::channel(false);
    let places = Places::new(CONNECTIONS);
    let mut connections = JoinSet::new();
    let mut all_end = shared.desk.ending();
    let outcome = loop {
        tokio::select! {
            () = ends(&mut ending) => break Ok(()),
            () = ends(&mut all_end) => break Ok(()),
            incoming = endpoint.accept() => {
                let Some(incoming) = incoming else { break Err(io::Error::other("the socket was lost")) };
                while connections.try_join_next().is_some() {}
                if endpoint.open_connections() >= OPEN_CONNECTIONS {
                    incoming.refuse();
                } else if let Some((incoming, line)) = let_in(incoming, at, &shared, &places).await {
                    let socket = Weak::clone(&socket);
                    connections.spawn(connection(incoming, line, socket, Arc::clone(&shared), to_end.clone()));
                }
            }
        }
    };
    end.send_replace(true);
    endpoint.set_server_config(None);
    let _ = timeout(END_TIMEOUT, async { while connections.join_next().await.is_some() {} }).await;
    endpoint.close(VarInt::from_u32(0), b"");
    let _ = timeout(END_TIMEOUT, async {
        endpoint.wait_idle().await;
        drop(endpoint);
        // QUIC has a task of its own, which gives it back a moment later.
        while socket.strong_count() > 0 {
            sleep(GIVEN_BACK_LOOK).await;
        }
    })
    .await;
    outcome
}

/// A place for somebody who connects; those on other machines have places of their own beside, so many for each address
/// and in all. Who may be anywhere is asked to come again from where they say they are (Retry, RFC 9000, section 8.1.2).
async fn let_in(
    incoming: Incoming,
    at: SocketAddr,
    shared: &Shared,
    places: &Arc<Places>,
) -> Option<(Incoming, Arc<Line>)> {
    let from = incoming.remote_address();
    let from = SocketAddr::new(from.ip().to_canonical(), from.port());
    let here = SocketAddr::new(incoming.local_ip().unwrap_or(at.ip()).to_canonical(), at.port());
    let way = Way::Port { here, from };
    if way.is_local() {
        return Some((incoming, Line::new(way, Serves::WebTransport, places.take().await, None)));
    }
    if !incoming.remote_address_validated() {
        if let Err(error) = incoming.retry() {
            error.into_incoming().ignore();
        }
        return None;
    }
    let Some(strangers_place) = shared.clients.admit(way.counted_as()) else {
        incoming.refuse();
        return None;
    };
    Some((incoming, Line::new(way, Serves::WebTransport, places.take().await, Some(strangers_place))))
}

/// A connection, from its handshake to its end. Until there is a session it gives way like an idle one.
///
/// `wtransport` gives no hold on a connection without a session, and keeps it as long as a stream of it is unfinished. So
/// a client that has opened none in time is not heard any more, and its connection ends by that.
async fn connection(
    incoming: Incoming,
    line: Arc<Line>,
    socket: Weak<QuicSocket>,
    shared: Arc<Shared>,
    mut ending: watch::Receiver<bool>,
) {
    let from = incoming.remote_address();
    let opened = tokio::select! {
        opened = timeout(HEAD_TIMEOUT, session::open(incoming, &line, &shared)) => opened.unwrap_or(Opened::Nothing),
        _ = line.place.is_to_leave() => Opened::Nothing,
        () = ends(&mut ending) => Opened::Nothing,
    };
    match opened {
        Opened::Session(session, asker) => session::talk(session, asker, line, shared, ending).await,
        // A program of this machine may come again by the same socket, with the right token.
        Opened::Refused if line.way.is_local() => {}
        Opened::Refused | Opened::Nothing => {
            if let Some(socket) = socket.upgrade() {
                socket.ignore(from, Duration::from_millis(IDLE_MS.into()));
            }
        }
    }
}
