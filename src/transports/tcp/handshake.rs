//! The handshake of Noise XXpsk0, and the proof in it of who is there.
//!
//! The pre-shared key is made of the id of the side that is called. Whoever does not know that id gets no answer, so
//! nobody learns who is at an address by knocking there. The X25519 key is new at each start of the node and twice a
//! day; the identity signs it, and the proof travels in the encrypted payloads of messages 2 and 3. All three messages
//! have lengths that are known, so anything else is refused before it is looked at.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};

use hkdf::Hkdf;
use sha2::Sha256;
use snow::{Builder, HandshakeState, TransportState};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use zeroize::Zeroizing;

use super::line::Line;
use crate::identity::{
    IdentityKey, NodeId, SESSION_KEY_VALIDITY_S, SESSION_PROOF_BYTES, SessionProofError, prove_session_key,
    verify_session_key,
};
use crate::transports::sessions::lock;

/// Which of Noise's protocols is spoken (<https://noiseprotocol.org/noise.html>).
pub const NOISE_PATTERN: &str = "Noise_XXpsk0_25519_ChaChaPoly_BLAKE2s";

/// What both sides mix in before they begin.
pub const NOISE_PROLOGUE: &[u8] = b"bitpie";

/// The salt of the pre-shared key.
const PRE_SHARED_KEY_SALT: &[u8] = b"bitpie/pre-shared-key/1";

/// Bytes of a message of the handshake that are read at most; what announces more is refused unread.
pub const HANDSHAKE_MESSAGE_BYTES: usize = 1_024;

/// Bytes of an X25519 key.
const KEY_BYTES: usize = 32;

/// Bytes that authenticate what is encrypted.
const TAG_BYTES: usize = 16;

/// Message 1: an ephemeral key, and the proof that its sender knows the id.
const FIRST_MESSAGE_BYTES: usize = KEY_BYTES + TAG_BYTES;

/// Message 2: an ephemeral key, the encrypted static key, the encrypted payload.
const SECOND_MESSAGE_BYTES: usize = KEY_BYTES + KEY_BYTES + TAG_BYTES + SESSION_PROOF_BYTES + TAG_BYTES;

/// Message 3: the encrypted static key, the encrypted payload.
const THIRD_MESSAGE_BYTES: usize = KEY_BYTES + TAG_BYTES + SESSION_PROOF_BYTES + TAG_BYTES;

/// First messages that are remembered, so that somebody who has recorded one cannot ask with it who is there.
const REMEMBERED_FIRST_MESSAGES: usize = 1_024;

/// What a caller proves to know, made of the id of the node that it calls (HKDF-SHA256, RFC 5869).
#[must_use]
pub fn pre_shared_key(called: &NodeId) -> [u8; 32] {
    let mut key = [0; 32];
    let derived = Hkdf::<Sha256>::new(Some(PRE_SHARED_KEY_SALT), called.as_bytes()).expand(&[], &mut key);
    derived.expect("32 bytes are less than HKDF can give");
    key
}

/// The keys of a node's sessions: who it is, and the static key of now.
pub(super) struct SessionKeys {
    identity: IdentityKey,
    unix_ms: fn() -> u64,
    current: Mutex<Arc<StaticKey>>,
    heard: Mutex<FirstMessages>,
}

/// A static key of sessions, bound to the identity for a time.
struct StaticKey {
    private: Zeroizing<Vec<u8>>,
    proof: [u8; SESSION_PROOF_BYTES],
    made_unix_ms: u64,
}

/// First messages that were answered, the oldest first.
#[derive(Default)]
struct FirstMessages {
    known: HashSet<[u8; FIRST_MESSAGE_BYTES]>,
    order: VecDeque<[u8; FIRST_MESSAGE_BYTES]>,
}

impl FirstMessages {
    /// Whether it is the first of its kind; it is remembered from now on.
    fn is_new(&mut self, message: &[u8]) -> bool {
        let Ok(message) = <[u8; FIRST_MESSAGE_BYTES]>::try_from(message) else { return false };
        if !self.known.insert(message) {
            return false;
        }
        self.order.push_back(message);
        if self.order.len() > REMEMBERED_FIRST_MESSAGES
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
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
    #[error("message {message} of the handshake was sent before: somebody has recorded it")]
    Repeated { message: u8 },
    #[error(
        "whoever is at that address does not answer as {expected}: it is another node, or no node, or it takes no call from \
         this one ({error})"
    )]
    NoAnswer { expected: NodeId, error: io::Error },
    #[error(transparent)]
    Proof(#[from] SessionProofError),
    #[error("another node is there than was expected: {found} instead of {expected}")]
    UnexpectedId { expected: NodeId, found: NodeId },
    #[error("a key could not be used: {0}")]
    Noise(#[from] snow::Error),
}

impl StaticKey {
    /// A new key, signed by the identity.
    fn generate(identity: &IdentityKey, now_unix_ms: u64) -> Self {
        let pair = builder().generate_keypair().expect("the system has randomness");
        let proof = prove_session_key(identity, &pair.public, now_unix_ms);
        Self { private: Zeroizing::new(pair.private), proof, made_unix_ms: now_unix_ms }
    }

    /// Whether it is to be used no longer: half of its time is over, or the clock was set back.
    fn is_old(&self, now_unix_ms: u64) -> bool {
        let half_ms = SESSION_KEY_VALIDITY_S * 1_000 / 2;
        now_unix_ms.saturating_sub(self.made_unix_ms) > half_ms
            || self.made_unix_ms.saturating_sub(now_unix_ms) > half_ms
    }
}

impl SessionKeys {
    /// Keys of this identity. The time is that of the given clock, in milliseconds of unix time.
    ///
    /// # Panics
    /// If the system has no randomness.
    pub(super) fn new(identity: &IdentityKey, unix_ms: fn() -> u64) -> Self {
        let current = Mutex::new(Arc::new(StaticKey::generate(identity, unix_ms())));
        Self { identity: identity.clone(), unix_ms, current, heard: Mutex::default() }
    }

    fn current(&self) -> Arc<StaticKey> {
        let now_unix_ms = (self.unix_ms)();
        let mut current = lock(&self.current);
        if current.is_old(now_unix_ms) {
            *current = Arc::new(StaticKey::generate(&self.identity, now_unix_ms));
        }
        Arc::clone(&current)
    }

    /// The side that opened the connection, to reach this node and no other. Who is there is known before this side
    /// says who it is.
    pub(super) async fn initiate(&self, line: &mut Line, expected: NodeId) -> Result<Proven, HandshakeError> {
        let key = self.current();
        let shared = pre_shared_key(&expected);
        let mut noise =
            builder().prologue(NOISE_PROLOGUE)?.psk(0, &shared)?.local_private_key(&key.private)?.build_initiator()?;
        write(line, &mut noise, &[]).await?;
        let (_, payload) = read(line, &mut noise, 2, SECOND_MESSAGE_BYTES).await.map_err(|error| match error {
            HandshakeError::Gone(error) => HandshakeError::NoAnswer { expected, error },
            other => other,
        })?;
        let peer = self.proven_id(&noise, &payload)?;
        if peer != expected {
            return Err(HandshakeError::UnexpectedId { expected, found: peer });
        }
        write(line, &mut noise, &key.proof).await?;
        finish(noise, peer)
    }

    /// The side that accepted the connection. It says nothing before the other has shown that it knows whom it calls.
    pub(super) async fn respond(&self, line: &mut Line) -> Result<Proven, HandshakeError> {
        let key = self.current();
        let shared = pre_shared_key(&self.identity.id());
        let mut noise =
            builder().prologue(NOISE_PROLOGUE)?.psk(0, &shared)?.local_private_key(&key.private)?.build_responder()?;
        let (first, _) = read(line, &mut noise, 1, FIRST_MESSAGE_BYTES).await?;
        if !lock(&self.heard).is_new(&first) {
            return Err(HandshakeError::Repeated { message: 1 });
        }
        write(line, &mut noise, &key.proof).await?;
        let (_, payload) = read(line, &mut noise, 3, THIRD_MESSAGE_BYTES).await?;
        let peer = self.proven_id(&noise, &payload)?;
        finish(noise, peer)
    }

    /// Who signed the key that the peer has.
    fn proven_id(&self, noise: &HandshakeState, payload: &[u8]) -> Result<NodeId, HandshakeError> {
        let message = if noise.is_initiator() { 2 } else { 3 };
        let wrong = HandshakeError::Length { message, found: payload.len(), expected: SESSION_PROOF_BYTES };
        let proof = <&[u8; SESSION_PROOF_BYTES]>::try_from(payload).map_err(|_| wrong)?;
        let key = noise.get_remote_static().ok_or(HandshakeError::NotAuthentic { message })?;
        Ok(verify_session_key(proof, key, (self.unix_ms)())?)
    }
}

impl fmt::Debug for SessionKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SessionKeys")
    }
}

fn builder<'key>() -> Builder<'key> {
    Builder::new(NOISE_PATTERN.parse().expect("the pattern is well-formed"))
}

/// Writes the next message of the handshake, behind its length.
async fn write(line: &mut Line, noise: &mut HandshakeState, payload: &[u8]) -> Result<(), HandshakeError> {
    let mut message = [0; 2 + SECOND_MESSAGE_BYTES];
    let length = noise.write_message(payload, &mut message[2..])?;
    let announced = u16::try_from(length).expect("a message of the handshake is short");
    message[..2].copy_from_slice(&announced.to_be_bytes());
    line.write_all(&message[..2 + length]).await.map_err(HandshakeError::Gone)
}

/// Reads the next message of the handshake, and not a byte more: the message and its payload.
async fn read(
    line: &mut Line,
    noise: &mut HandshakeState,
    message: u8,
    expected: usize,
) -> Result<(Vec<u8>, Vec<u8>), HandshakeError> {
    let announced = usize::from(line.read_u16().await.map_err(HandshakeError::Gone)?);
    if announced > HANDSHAKE_MESSAGE_BYTES {
        return Err(HandshakeError::TooLong { message, announced });
    }
    if announced != expected {
        return Err(HandshakeError::Length { message, found: announced, expected });
    }
    let mut bytes = vec![0; expected];
    line.read_exact(&mut bytes).await.map_err(HandshakeError::Gone)?;
    let mut payload = vec![0; expected];
    let length = noise.read_message(&bytes, &mut payload).map_err(|_| HandshakeError::NotAuthentic { message })?;
    payload.truncate(length);
    Ok((bytes, payload))
}

fn finish(noise: HandshakeState, peer: NodeId) -> Result<Proven, HandshakeError> {
    let handshake_hash = noise.get_handshake_hash().try_into().expect("BLAKE2s gives 32 bytes");
    Ok(Proven { peer, handshake_hash, ciphers: noise.into_transport_mode()? })
}
