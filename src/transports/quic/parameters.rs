//! What is asked of QUIC: how long, how much, how many.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{ClientConfig, ConnectionId, EndpointConfig, IdleTimeout, ServerConfig, TransportConfig, VarInt};

use super::caller_proof::{CHANCE_BYTES, caller_proof};
use super::tls::TlsIdentity;
use crate::identity::NodeId;
use crate::quic_socket::QUIC_VERSION;
use crate::transports::sessions::BULK_STREAMS_AT_THE_MOST;

/// How often a session that is silent is kept alive: routers forget a mapping of UDP after 30 s (RFC 4787 asks for two
/// minutes, and many do less).
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A session of which nothing is heard for so long is over.
const IDLE_MS: u32 = 45_000;

/// Bytes of one stream that may be on their way.
const STREAM_WINDOW_BYTES: u32 = 2 * 1_048_576;

/// Bytes of all streams of a session that may be on their way, in each direction.
const SESSION_WINDOW_BYTES: u32 = 8 * 1_048_576;

/// Bytes of datagrams that wait: each is one byte.
const DATAGRAM_BYTES: usize = 1_200;

/// Calls that wait to be looked at.
const WAITING_CALLS: usize = 256;

/// Bytes of early packets that are kept for each of them, and for all.
const EARLY_BYTES: [u64; 2] = [8_192, 1_048_576];

fn transport() -> Arc<TransportConfig> {
    let mut config = TransportConfig::default();
    // The control stream, and twice as many as are taken: what is beyond is refused and not held up.
    let streams = u32::try_from(1 + 2 * BULK_STREAMS_AT_THE_MOST).expect("it is small");
    config
        .max_concurrent_bidi_streams(VarInt::from_u32(streams))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW_BYTES))
        .receive_window(VarInt::from_u32(SESSION_WINDOW_BYTES))
        .send_window(u64::from(SESSION_WINDOW_BYTES))
        .max_idle_timeout(Some(IdleTimeout::from(VarInt::from_u32(IDLE_MS))))
        .keep_alive_interval(Some(KEEP_ALIVE))
        .datagram_receive_buffer_size(Some(DATAGRAM_BYTES))
        .datagram_send_buffer_size(DATAGRAM_BYTES)
        // It would tell whoever watches how far apart the two are.
        .allow_spin(false);
    Arc::new(config)
}

/// Of a socket. The bit that tells QUIC from STUN is always set, which RFC 9287 would let peers change.
pub(super) fn of_endpoint() -> EndpointConfig {
    let mut config = EndpointConfig::default();
    config.grease_quic_bit(false).supported_versions(vec![QUIC_VERSION]);
    config
}

/// Of the side that is called.
pub(super) fn called(identity: &TlsIdentity) -> ServerConfig {
    let tls = QuicServerConfig::try_from(identity.called()).expect("ring has the cipher of QUIC's first packets");
    let mut config = ServerConfig::with_crypto(Arc::new(tls));
    config
        .transport_config(transport())
        .max_incoming(WAITING_CALLS)
        .incoming_buffer_size(EARLY_BYTES[0])
        .incoming_buffer_size_total(EARLY_BYTES[1]);
    config
}

/// Of the side that calls this node; with who was found in its place, if somebody else was.
pub(super) fn caller(identity: &TlsIdentity, expected: NodeId, unix_ms: u64) -> (ClientConfig, Arc<OnceLock<NodeId>>) {
    let (tls, found) = identity.caller(expected);
    let tls = QuicClientConfig::try_from(tls).expect("ring has the cipher of QUIC's first packets");
    let mut config = ClientConfig::new(Arc::new(tls));
    config.version(QUIC_VERSION).transport_config(transport());
    let proof = move || {
        let mut chance = [0; CHANCE_BYTES];
        getrandom::fill(&mut chance).expect("the system gives random bytes");
        ConnectionId::new(&caller_proof(&expected, chance, unix_ms))
    };
    config.initial_dst_cid_provider(Arc::new(proof));
    (config, found)
}
