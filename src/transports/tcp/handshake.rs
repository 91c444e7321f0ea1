//! The handshake of Noise XX, and the proof in it of who is there.
//!
//! The X25519 key is made anew at each start of the node; the identity signs it, and id and signature travel in the
//! encrypted payloads of messages 2 and 3. All three messages have lengths that are known, so anything else is refused
//! before it is looked at.

use std::fmt;
use std::io;

use snow::{Builder, HandshakeState, TransportState};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use zeroize::Zeroizing;

use crate::identity::{Domain, IdentityKey, NODE_ID_BYTES, NodeId, SIGNATURE_BYTES, verify};

/// Which of Noise's protocols is spoken (<https://noiseprotocol.org/noise.html>).
pub const NOISE_PATTERN: &str = "Noise_XX_25519_ChaChaPoly_BLAKE2s";

/// What both sides mix in before they begin.
pub const NOISE_PROLOGUE: &[u8] = b"bitpie";

/// Bytes of a message of the handshake that are read at most; what announces more is refused unread.
pub const HANDSHAKE_MESSAGE_BYTES: usize = 1_024;

/// Bytes of the payload: node id, signature.
const PAYLOAD_BYTES: usize = NODE_ID_BYTES + SIGNATURE_BYTES;

/// Bytes of an X25519 key.
const KEY_BYTES: usize = 32;

/// Bytes that authenticate what is encrypted.
const TAG_BYTES: usize = 16;

/// Message 1: an ephemeral key.
const FIRST_MESSAGE_BYTES: usize = KEY_BYTES;

/// Message 2: an ephemeral key, the encrypted static key, the encrypted payload.
const SECOND_MESSAGE_BYTES: usize = KEY_BYTES + KEY_BYTES + TAG_BYTES + PAYLOAD_BYTES + TAG_BYTES;

/// Message 3: the encrypted static key, the encrypted payload.
const THIRD_MESSAGE_BYTES: usize = KEY_BYTES + TAG_BYTES + PAYLOAD_BYTES + TAG_BYTES;

/// The static key of all sessions of this run of the node, bound to the identity.
pub(super) struct StaticKey {
    private: Zeroizing<Vec<u8>>,
    payload: [u8; PAYLOAD_BYTES],
}

/// What a handshake found.
pub(super) struct Proven {
    /// Who is there.
    pub(super) peer: NodeId,
    /// The hash of all that was said.
    pub(super) handshake_hash: [u8; 32],
    /// The keys of the session.
    pub(super) ciphers: TransportState,
}

/// Why a handshake did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum HandshakeError {
    #[error("the peer went away during the handshake: {0}")]
    Gone(io::Error),
    #[error(
        "message {message} of the handshake announces {announced} bytes, and at most {HANDSHAKE_MESSAGE_BYTES} are read"
    )]
    TooLong { message: u8, announced: usize },
    #[error("message {message} of the handshake has {found} bytes, and should have {expected}")]
    Length { message: u8, found: usize, expected: usize },
    #[error("message {message} of the handshake is not authentic, or not of {NOISE_PATTERN}")]
    NotAuthentic { message: u8 },
    #[error("the peer says that it is {claimed}, and its session key is not signed by that identity")]
    BadProof { claimed: NodeId },
    #[error("another node is there than was expected: {found} instead of {expected}")]
    UnexpectedId { expected: NodeId, found: NodeId },
    #[error("a key could not be used: {0}")]
    Noise(#[from] snow::Error),
}

impl StaticKey {
    /// A new key, signed by the identity.
    ///
    /// # Panics
    /// If the system has no randomness.
    pub(super) fn generate(identity: &IdentityKey) -> Self {
        let pair = builder().generate_keypair().expect("the system has randomness");
        let mut payload = [0; PAYLOAD_BYTES];
        payload[..NODE_ID_BYTES].copy_from_slice(identity.id().as_bytes());
        payload[NODE_ID_BYTES..].copy_from_slice(&identity.sign(Domain::SessionKey, &pair.public));
        Self { private: Zeroizing::new(pair.private), payload }
    }

    /// The side that opened the connection. Whoever is found there is compared with whom was expected before this side
    /// says who it is.
    pub(super) async fn initiate(
        &self,
        socket: &mut TcpStream,
        expected: Option<NodeId>,
    ) -> Result<Proven, HandshakeError> {
        let mut noise = builder().prologue(NOISE_PROLOGUE)?.local_private_key(&self.private)?.build_initiator()?;
        write(socket, &mut noise, &[]).await?;
        let payload = read(socket, &mut noise, 2, SECOND_MESSAGE_BYTES).await?;
        let peer = proven_id(&noise, &payload)?;
        if let Some(expected) = expected.filter(|expected| *expected != peer) {
            return Err(HandshakeError::UnexpectedId { expected, found: peer });
        }
        write(socket, &mut noise, &self.payload).await?;
        finish(noise, peer)
    }

    /// The side that accepted the connection.
    pub(super) async fn respond(&self, socket: &mut TcpStream) -> Result<Proven, HandshakeError> {
        let mut noise = builder().prologue(NOISE_PROLOGUE)?.local_private_key(&self.private)?.build_responder()?;
        read(socket, &mut noise, 1, FIRST_MESSAGE_BYTES).await?;
        write(socket, &mut noise, &self.payload).await?;
        let payload = read(socket, &mut noise, 3, THIRD_MESSAGE_BYTES).await?;
        let peer = proven_id(&noise, &payload)?;
        finish(noise, peer)
    }
}

impl fmt::Debug for StaticKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("StaticKey")
    }
}

fn builder<'key>() -> Builder<'key> {
    Builder::new(NOISE_PATTERN.parse().expect("the pattern is well-formed"))
}

/// Writes the next message of the handshake, behind its length.
async fn write(socket: &mut TcpStream, noise: &mut HandshakeState, payload: &[u8]) -> Result<(), HandshakeError> {
    let mut message = [0; 2 + SECOND_MESSAGE_BYTES];
    let length = noise.write_message(payload, &mut message[2..])?;
    let announced = u16::try_from(length).expect("a message of the handshake is short");
    message[..2].copy_from_slice(&announced.to_be_bytes());
    socket.write_all(&message[..2 + length]).await.map_err(HandshakeError::Gone)
}

/// Reads the next message of the handshake, and not a byte more; returns its payload.
async fn read(
    socket: &mut TcpStream,
    noise: &mut HandshakeState,
    message: u8,
    expected: usize,
) -> Result<Vec<u8>, HandshakeError> {
    let announced = usize::from(socket.read_u16().await.map_err(HandshakeError::Gone)?);
    if announced > HANDSHAKE_MESSAGE_BYTES {
        return Err(HandshakeError::TooLong { message, announced });
    }
    if announced != expected {
        return Err(HandshakeError::Length { message, found: announced, expected });
    }
    let mut bytes = vec![0; expected];
    socket.read_exact(&mut bytes).await.map_err(HandshakeError::Gone)?;
    let mut payload = vec![0; expected];
    let length = noise.read_message(&bytes, &mut payload).map_err(|_| HandshakeError::NotAuthentic { message })?;
    payload.truncate(length);
    Ok(payload)
}

/// Who signed the key that the peer has.
fn proven_id(noise: &HandshakeState, payload: &[u8]) -> Result<NodeId, HandshakeError> {
    let message = if noise.is_initiator() { 2 } else { 3 };
    let wrong = |found| HandshakeError::Length { message, found, expected: PAYLOAD_BYTES };
    let (id, signature) = payload.split_first_chunk::<NODE_ID_BYTES>().ok_or_else(|| wrong(payload.len()))?;
    let signature = <&[u8; SIGNATURE_BYTES]>::try_from(signature).map_err(|_| wrong(payload.len()))?;
    let peer = NodeId::from_bytes(*id);
    let key = noise.get_remote_static().ok_or(HandshakeError::NotAuthentic { message })?;
    verify(&peer, Domain::SessionKey, key, signature).map_err(|_| HandshakeError::BadProof { claimed: peer })?;
    Ok(peer)
}

fn finish(noise: HandshakeState, peer: NodeId) -> Result<Proven, HandshakeError> {
    let handshake_hash = noise.get_handshake_hash().try_into().expect("BLAKE2s gives 32 bytes");
    Ok(Proven { peer, handshake_hash, ciphers: noise.into_transport_mode()? })
}
