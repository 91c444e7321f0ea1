//! A stranger that speaks to a node byte by byte, goes as far as a test wants it to, and then does what it should not.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bitpie::identity::{IdentityDocument, IdentityKey, NodeId, SealingKey, VerifiedDocument};
use bitpie::wire::{Frame, Hello, PeerId, Refusal, Role};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::nodes::Node;
use super::peer::now_unix_ms;
use super::raw::{DATA, RawHandshake, RawSession, frame, yamux};

/// How far it goes, one step after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Connected,
    PartOfFirst,
    First,
    PartOfThird,
    Third,
    PartOfHello,
    Hello,
    PartOfPeerId,
    PeerId,
    Ready,
}

/// It, on its way.
pub struct Stranger {
    pub key: IdentityKey,
    line: Line,
}

enum Line {
    Handshake(Box<RawHandshake>),
    Session(Box<RawSession>),
}

impl Stranger {
    /// Goes up to there, and waits until the node has understood it so far, where the node shows it.
    pub async fn reach(to: SocketAddr, whom: &NodeId, key: IdentityKey, stage: Stage) -> Self {
        let handshake = RawHandshake::connect_from_afar(to, &key, whom).await;
        Self::go(handshake, key, stage).await
    }

    /// The same, from that address of this machine.
    pub async fn reach_from(from: Ipv4Addr, node: &Node, key: IdentityKey, stage: Stage) -> Self {
        let handshake = RawHandshake::connect_from(from, node.address(), &key, &node.key().id()).await;
        Self::go(handshake, key, stage).await
    }

    async fn go(mut handshake: RawHandshake, key: IdentityKey, stage: Stage) -> Self {
        if stage == Stage::Connected {
            return Self { key, line: Line::Handshake(Box::new(handshake)) };
        }
        let first = handshake.message(&[]);
        if stage == Stage::PartOfFirst {
            handshake.write(&first[..10]).await;
            return Self { key, line: Line::Handshake(Box::new(handshake)) };
        }
        handshake.write(&first).await;
        handshake.read().await;
        if stage == Stage::First {
            return Self { key, line: Line::Handshake(Box::new(handshake)) };
        }
        let payload = handshake.payload.clone();
        let third = handshake.message(&payload);
        if stage == Stage::PartOfThird {
            handshake.write(&third[..100]).await;
            return Self { key, line: Line::Handshake(Box::new(handshake)) };
        }
        handshake.write(&third).await;
        let mut session = handshake.finish();
        if stage > Stage::Third {
            introduce(&mut session, &key, stage).await;
        }
        Self { key, line: Line::Session(Box::new(session)) }
    }

    /// Its session.
    pub fn session(&mut self) -> &mut RawSession {
        match &mut self.line {
            Line::Session(session) => session,
            Line::Handshake(_) => panic!("it has none yet"),
        }
    }

    /// The first message of a handshake, if that is all that is wanted of it.
    pub fn first_message(&mut self) -> Vec<u8> {
        match &mut self.line {
            Line::Handshake(handshake) => RawHandshake::message(handshake, &[]),
            Line::Session(_) => panic!("it is beyond that"),
        }
    }

    /// Goes without a word.
    pub fn vanish(self) {}

    /// Goes so that the node is told that nothing was in order.
    pub fn reset(self) {
        let socket = match &self.line {
            Line::Handshake(handshake) => &handshake.socket,
            Line::Session(session) => &session.socket,
        };
        SockRef::from(socket).set_linger(Some(Duration::ZERO)).expect("it is a socket");
    }

    /// Writes these bytes as they are, a piece at a time, and listens until the node has closed the connection. What
    /// reason it gave.
    pub async fn say(&mut self, pieces: Vec<Vec<u8>>, pace: Duration) -> Option<Refusal> {
        match &mut self.line {
            Line::Handshake(handshake) => {
                let (mut reading, writing) = handshake.socket.split();
                tokio::select! {
                    () = until_closed(&mut reading) => None,
                    () = write_slowly(writing, pieces, pace) => unreachable!("it does not end by itself"),
                }
            }
            Line::Session(session) => {
                let RawSession { socket, ciphers, heard, .. } = &mut **session;
                let (mut reading, writing) = socket.split();
                let listening = async {
                    let mut reason = None;
                    while let Some(frame) = heard.frame(&mut reading, ciphers).await {
                        if let Ok(Frame::Refused(refusal)) = Frame::decode(&frame) {
                            reason = Some(refusal);
                        }
                    }
                    reason
                };
                tokio::select! {
                    reason = listening => reason,
                    () = write_slowly(writing, pieces, pace) => unreachable!("it does not end by itself"),
                }
            }
        }
    }
}

/// HELLO, PEER-ID and READY, as far as they are wanted.
async fn introduce(session: &mut RawSession, key: &IdentityKey, stage: Stage) {
    let hello = frame(&hello());
    if stage == Stage::PartOfHello {
        session.open(&hello[..9]).await;
        return until(session, |said| matches!(said, Frame::Hello(_))).await;
    }
    session.open(&hello).await;
    until(session, |said| matches!(said, Frame::Hello(_))).await;
    if stage == Stage::Hello {
        return;
    }
    let peer_id = frame(&peer_id(key, &session.handshake_hash));
    if stage == Stage::PartOfPeerId {
        return session.write(&yamux(DATA, 0, 1, &peer_id[..100])).await;
    }
    session.write(&yamux(DATA, 0, 1, &peer_id)).await;
    until(session, |said| matches!(said, Frame::Ready)).await;
    if stage == Stage::Ready {
        session.write(&yamux(DATA, 0, 1, &frame(&Frame::Ready.encode()))).await;
        until(session, |said| matches!(said, Frame::GetPeers)).await;
    }
}

/// Waits for a frame of the node.
async fn until(session: &mut RawSession, is_it: impl Fn(&Frame) -> bool) {
    let mut heard = Vec::new();
    while let Some(bytes) = session.hear().await {
        let frame = Frame::decode(&bytes).expect("an honest node says what can be read");
        if is_it(&frame) {
            return;
        }
        heard.push(frame);
    }
    panic!("the node has closed the session; before that it said {heard:?}");
}

/// An honest HELLO.
pub fn hello() -> Vec<u8> {
    Frame::Hello(Hello::new("test", now_unix_ms(), None)).encode()
}

/// A PEER-ID that is honest in the session with this hash.
pub fn peer_id(key: &IdentityKey, handshake_hash: &[u8; 32]) -> Vec<u8> {
    peer_id_with(key, &document(key, now_unix_ms()), handshake_hash, Role::Initiator)
}

/// A PEER-ID that proves for this side of the session to hold the key, and shows that document.
pub fn peer_id_with(key: &IdentityKey, document: &VerifiedDocument, handshake_hash: &[u8; 32], side: Role) -> Vec<u8> {
    Frame::PeerId(PeerId::new(key, document, handshake_hash, side, Vec::new())).encode()
}

/// A sound document that was made at that time.
pub fn document(key: &IdentityKey, made_unix_ms: u64) -> VerifiedDocument {
    let sealing = SealingKey::derive(key, 0);
    IdentityDocument::new(key.id(), sealing.public(), made_unix_ms, made_unix_ms).sign(key).0
}

async fn until_closed(socket: &mut (impl AsyncRead + Unpin)) {
    let mut buffer = [0; 1_024];
    while socket.read(&mut buffer).await.is_ok_and(|bytes| bytes > 0) {}
}

/// Whoever misbehaves may find the door closed before it is done.
async fn write_slowly(mut socket: impl AsyncWrite + Unpin, pieces: Vec<Vec<u8>>, pace: Duration) {
    // An interval has no length of nothing.
    let mut ticks = tokio::time::interval(pace.max(Duration::from_millis(1)));
    for piece in pieces {
        if !pace.is_zero() {
            ticks.tick().await;
        }
        if socket.write_all(&piece).await.is_err() {
            break;
        }
    }
    std::future::pending().await
}
