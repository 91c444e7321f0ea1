//! A peer that speaks the protocol by itself, byte by byte, and says whatever a test wants it to.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bitpie::identity::{IdentityKey, NodeId, prove_session_key};
use bitpie::transports::tcp::{NOISE_PATTERN, NOISE_PROLOGUE, pre_shared_key};
use snow::{Builder, HandshakeState, TransportState};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// After this a test has failed.
const DEADLINE: Duration = Duration::from_secs(30);

pub const DATA: u8 = 0;
pub const WINDOW_UPDATE: u8 = 1;
pub const PING: u8 = 2;
pub const GO_AWAY: u8 = 3;
pub const OPENS: u16 = 1;
pub const ENDS: u16 = 4;

/// The clock.
pub fn now_unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    u64::try_from(since.as_millis()).expect("for a long time")
}

/// A peer in its handshake.
pub struct RawHandshake {
    pub socket: TcpStream,
    pub noise: HandshakeState,
    pub payload: Vec<u8>,
}

/// A peer after its handshake.
pub struct RawSession {
    pub socket: TcpStream,
    pub ciphers: TransportState,
    pub handshake_hash: [u8; 32],
    pub heard: Heard,
}

/// What came, as far as nobody has taken it: bytes of yamux, and of the control stream.
#[derive(Default)]
pub struct Heard {
    plain: Vec<u8>,
    control: Vec<u8>,
}

impl RawHandshake {
    /// Calls the node with this id.
    pub async fn connect(to: SocketAddr, key: &IdentityKey, called: &NodeId) -> Self {
        Self::new(TcpStream::connect(to).await.expect("somebody listens"), key, called, true)
    }

    /// Calls it from a network of its own, if this machine has one: whoever misbehaves there is no neighbour of others.
    pub async fn connect_from_afar(to: SocketAddr, key: &IdentityKey, called: &NodeId) -> Self {
        let [_, a, b, ..] = *key.id().as_bytes();
        Self::connect_from([127, a.max(1), b, 1].into(), to, key, called).await
    }

    /// Calls it from that address of this machine. Only Linux has all of 127.0.0.0/8 without further ado; elsewhere it
    /// is called from where others are, too.
    pub async fn connect_from(from: Ipv4Addr, to: SocketAddr, key: &IdentityKey, called: &NodeId) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        let socket = match socket.bind((from, 0).into()) {
            Ok(()) => socket.connect(to).await,
            Err(_) => TcpStream::connect(to).await,
        };
        Self::new(socket.expect("somebody listens"), key, called, true)
    }

    /// Calls it with a session key that was made at that time.
    pub async fn at(to: SocketAddr, key: &IdentityKey, called: &NodeId, made_unix_ms: u64) -> Self {
        let socket = TcpStream::connect(to).await.expect("somebody listens");
        Self::made(socket, key, called, true, made_unix_ms)
    }

    pub fn new(socket: TcpStream, key: &IdentityKey, called: &NodeId, initiator: bool) -> Self {
        Self::made(socket, key, called, initiator, now_unix_ms())
    }

    fn made(socket: TcpStream, key: &IdentityKey, called: &NodeId, initiator: bool, made_unix_ms: u64) -> Self {
        let builder = || Builder::new(NOISE_PATTERN.parse().expect("a pattern"));
        let pair = builder().generate_keypair().expect("a key");
        let payload = prove_session_key(key, &pair.public, made_unix_ms).to_vec();
        let shared = pre_shared_key(called);
        let builder = builder().prologue(NOISE_PROLOGUE).and_then(|builder| builder.psk(0, &shared));
        let builder = builder.and_then(|builder| builder.local_private_key(&pair.private));
        let builder = builder.expect("it is well-formed");
        let noise = if initiator { builder.build_initiator() } else { builder.build_responder() };
        Self { socket, noise: noise.expect("it is well-formed"), payload }
    }

    /// The next message, behind its length.
    pub fn message(&mut self, payload: &[u8]) -> Vec<u8> {
        let mut message = vec![0; 2 + 1_024];
        let length = self.noise.write_message(payload, &mut message[2..]).expect("it is our turn");
        message.truncate(2 + length);
        message[..2].copy_from_slice(&u16::try_from(length).expect("short").to_be_bytes());
        message
    }

    pub async fn write(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).await.expect("the socket takes it");
    }

    pub async fn first(&mut self) -> Vec<u8> {
        let message = self.message(&[]);
        self.write(&message).await;
        message
    }

    pub async fn read(&mut self) -> Vec<u8> {
        let message = read_message(&mut self.socket).await.expect("a message of the handshake");
        let mut payload = vec![0; 1_024];
        let length = self.noise.read_message(&message, &mut payload).expect("it is authentic");
        payload.truncate(length);
        payload
    }

    /// All three messages.
    pub async fn complete(mut self) -> RawSession {
        self.first().await;
        self.read().await;
        self.third().await
    }

    pub async fn third(mut self) -> RawSession {
        let payload = self.payload.clone();
        let message = self.message(&payload);
        self.write(&message).await;
        self.finish()
    }

    pub fn finish(self) -> RawSession {
        let handshake_hash = self.noise.get_handshake_hash().try_into().expect("BLAKE2s gives 32 bytes");
        let ciphers = self.noise.into_transport_mode().expect("it is done");
        RawSession { socket: self.socket, ciphers, handshake_hash, heard: Heard::default() }
    }
}

impl RawSession {
    pub async fn connect(to: SocketAddr, key: &IdentityKey, called: &NodeId) -> Self {
        RawHandshake::connect(to, key, called).await.complete().await
    }

    /// One transport message, behind its length.
    pub fn message(&mut self, plain: &[u8]) -> Vec<u8> {
        let mut message = vec![0; 2 + plain.len() + 16];
        self.ciphers.write_message(plain, &mut message[2..]).expect("it fits");
        let length = u16::try_from(plain.len() + 16).expect("it fits");
        message[..2].copy_from_slice(&length.to_be_bytes());
        message
    }

    pub async fn write_raw(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).await.expect("the socket takes it");
    }

    pub async fn write(&mut self, plain: &[u8]) {
        let message = self.message(plain);
        self.write_raw(&message).await;
    }

    /// Opens the control stream with this in it.
    pub async fn open(&mut self, data: &[u8]) {
        self.write(&yamux(DATA, OPENS, 1, data)).await;
    }

    /// The next frame of the other side; nothing when it has gone.
    pub async fn hear(&mut self) -> Option<Vec<u8>> {
        self.heard.frame(&mut self.socket, &mut self.ciphers).await
    }
}

impl Heard {
    /// The next frame that comes by this socket; nothing when it is closed.
    pub async fn frame(
        &mut self,
        socket: &mut (impl AsyncRead + Unpin),
        ciphers: &mut TransportState,
    ) -> Option<Vec<u8>> {
        loop {
            if let Some((length, rest)) = self.control.split_first_chunk::<4>()
                && let Some(frame) = rest.get(..as_length(*length))
            {
                let frame = frame.to_vec();
                self.control.drain(..4 + frame.len());
                return Some(frame);
            }
            if let Some((header, rest)) = self.plain.split_first_chunk::<12>() {
                let [_, kind, .., a, b, c, d] = *header;
                // In the others it is a number, and no length.
                let length = if kind == DATA { as_length([a, b, c, d]) } else { 0 };
                if let Some(data) = rest.get(..length) {
                    self.control.extend_from_slice(data);
                    self.plain.drain(..12 + length);
                    continue;
                }
            }
            let message = read_message(socket).await?;
            let mut plain = vec![0; message.len()];
            let length = ciphers.read_message(&message, &mut plain).expect("it is authentic");
            self.plain.extend_from_slice(&plain[..length]);
        }
    }
}

fn as_length(length: [u8; 4]) -> usize {
    usize::try_from(u32::from_be_bytes(length)).expect("there are 32 bits")
}

pub async fn read_message(socket: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let read = async {
        let length = socket.read_u16().await.ok()?;
        let mut message = vec![0; usize::from(length)];
        socket.read_exact(&mut message).await.ok()?;
        Some(message)
    };
    timeout(DEADLINE, read).await.expect("an answer in time")
}

/// A header of yamux, and data behind it.
pub fn yamux(kind: u8, flags: u16, stream: u32, data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).expect("short");
    [&yamux_header(kind, flags, stream, length)[..], data].concat()
}

pub fn yamux_header(kind: u8, flags: u16, stream: u32, length: u32) -> Vec<u8> {
    [&[0, kind][..], &flags.to_be_bytes(), &stream.to_be_bytes(), &length.to_be_bytes()].concat()
}

/// A frame behind its length.
pub fn frame(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).expect("short").to_be_bytes()[..], bytes].concat()
}
