//! A peer that is driven by hand: it says what an honest node never says.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bitpie::codec::encode;
use bitpie::identity::Signed;
use bitpie::identity::{Domain, IdentityDocument, IdentityKey, NodeId, SealingKey, VerifiedDocument};
use bitpie::transports::Limits;
use bitpie::transports::tcp::TcpTransport;
use bitpie::transports::{SendRefused, SessionNumbers, Transport, TransportEvent};
use bitpie::wire::{Frame, Hello, Packet, PacketId, PacketKind, PeerId, Refusal, Role};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::nodes::{DEADLINE, Node};

/// The clock.
pub fn now_unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    u64::try_from(since.as_millis()).expect("for a long time")
}

/// A key whose id is as it is wanted. A few hundred keys would not do: what a node's random id is compared with would
/// be wrong for all of them now and then.
pub fn key_with(wanted: impl Fn(&NodeId) -> bool) -> IdentityKey {
    let keys = (0_u64..).map(|number| {
        let mut seed = [0x5a; 32];
        seed[..8].copy_from_slice(&number.to_be_bytes());
        IdentityKey::from_seed(&seed)
    });
    keys.into_iter().find(|key| wanted(&key.id())).expect("there is no end of them")
}

/// A key, and sessions under it.
pub struct Peer {
    runtime: Runtime,
    transport: TcpTransport,
    events: mpsc::Receiver<TransportEvent>,
    /// What happened in sessions that nobody has asked for yet.
    passed_over: VecDeque<TransportEvent>,
    pub key: IdentityKey,
    dialled: u64,
}

/// A session that the peer's transport has authenticated.
#[derive(Clone, Copy)]
pub struct Session {
    number: u64,
    /// Which side of it the peer is.
    role: Role,
    /// What a proof is made for.
    pub handshake_hash: [u8; 32],
    /// Who is on the other side.
    pub with: NodeId,
}

impl Peer {
    /// One with a key made of this number.
    pub fn new(seed: u8) -> Self {
        Self::with_key(IdentityKey::from_seed(&[seed; 32]))
    }

    /// One with this key. It may send frames that are longer than any node takes.
    pub fn with_key(key: IdentityKey) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (sender, events) = mpsc::channel(64);
        let limits =
            Limits { frame_bytes: 1 << 20, send_queue_bytes: 8 << 20, outbound_per_address: 60, ..Limits::default() };
        let transport =
            runtime.block_on(async { TcpTransport::new(&key, now_unix_ms, limits, SessionNumbers::default(), sender) });
        Self { runtime, transport, events, passed_over: VecDeque::new(), key, dialled: 0 }
    }

    /// Its id.
    pub fn id(&self) -> NodeId {
        self.key.id()
    }

    /// The first of what happened, or else happens, that is taken by `wanted`; the rest waits.
    fn next<T>(&mut self, mut wanted: impl FnMut(&TransportEvent) -> Option<T>) -> T {
        for index in 0..self.passed_over.len() {
            if let Some(found) = wanted(&self.passed_over[index]) {
                self.passed_over.remove(index);
                return found;
            }
        }
        loop {
            let event = self.runtime.block_on(async { timeout(DEADLINE, self.events.recv()).await });
            let event = event.expect("something happens in time").expect("the transport is there");
            match wanted(&event) {
                Some(found) => return found,
                None => self.passed_over.push_back(event),
            }
        }
    }

    /// Opens a session, with open streams. Nothing if it ends before.
    pub fn dial(&mut self, node: &Node) -> Option<Session> {
        self.dial_at(node.address(), node.key().id())
    }

    /// Opens a session with whoever is expected there.
    pub fn dial_at(&mut self, to: SocketAddr, whom: NodeId) -> Option<Session> {
        self.dialled += 2;
        let number = self.dialled;
        self.transport.dial(number, to, whom);
        let transport = self.transport.clone();
        let authenticated = self.next(|event| match event {
            TransportEvent::Connected { session, .. } if *session == number => {
                transport.begin_handshake(number);
                None
            }
            TransportEvent::Authenticated { session, peer, handshake_hash, .. } if *session == number => {
                Some(Some((*peer, *handshake_hash)))
            }
            TransportEvent::Closed { session, .. } if *session == number => Some(None),
            _ => None,
        });
        let (with, handshake_hash) = authenticated?;
        self.transport.open_stream(number);
        Some(Session { number, role: Role::Initiator, handshake_hash, with })
    }

    /// Can be called from now on, at this address.
    pub fn listen(&mut self) -> SocketAddr {
        self.transport.listen((Ipv4Addr::LOCALHOST, 0).into());
        self.next(|event| match event {
            TransportEvent::Listening { address } => Some(*address),
            _ => None,
        })
    }

    /// The next session that somebody opens to it, with open streams.
    pub fn accept(&mut self) -> Session {
        let session = self.next(|event| match event {
            TransportEvent::Authenticated { session, peer, handshake_hash, outgoing: false } => {
                let (number, with, handshake_hash) = (*session, *peer, *handshake_hash);
                Some(Session { number, role: Role::Responder, handshake_hash, with })
            }
            _ => None,
        });
        self.transport.open_stream(session.number);
        session
    }

    /// Says something.
    pub fn say(&self, session: Session, frame: &Frame) {
        self.say_bytes(session, frame.encode());
    }

    /// Says what may be no frame.
    pub fn say_bytes(&self, session: Session, bytes: Vec<u8>) {
        // Whether the session is still there shows when its frames are read.
        let _ = self.transport.send(session.number, bytes);
    }

    /// Says one after the other of these, again and again, as fast as the node takes them. How many it has taken.
    pub fn flood(&mut self, session: Session, frames: &[Frame], limit: Duration) -> u64 {
        let Self { runtime, transport, events, .. } = self;
        let bytes: Vec<Vec<u8>> = frames.iter().map(Frame::encode).collect();
        runtime.block_on(async {
            let mut said = 0_u64;
            let end = tokio::time::Instant::now() + limit;
            while tokio::time::Instant::now() < end {
                let next = bytes[said as usize % bytes.len()].clone();
                match transport.send(session.number, next) {
                    Ok(()) => said += 1,
                    Err(SendRefused::Closed) => break,
                    Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
                }
                while events.try_recv().is_ok() {}
                tokio::task::yield_now().await;
            }
            said
        })
    }

    /// What the node says next in that session; nothing when it is over.
    pub fn hear(&mut self, session: Session) -> Option<Frame> {
        self.next(|event| match event {
            TransportEvent::Frame { session: number, bytes, .. } if *number == session.number => {
                Some(Some(Frame::decode(bytes).expect("an honest node says what can be read")))
            }
            TransportEvent::Closed { session: number, .. } if *number == session.number => Some(None),
            _ => None,
        })
    }

    /// The next frame that is taken by `wanted`.
    #[track_caller]
    pub fn hear_until<T>(&mut self, session: Session, mut wanted: impl FnMut(&Frame) -> Option<T>) -> T {
        let mut heard = Vec::new();
        loop {
            match self.hear(session) {
                Some(frame) => match wanted(&frame) {
                    Some(found) => return found,
                    None => heard.push(frame.name()),
                },
                None => panic!("the session ended; before that came {heard:?}"),
            }
        }
    }

    /// Why the node does not take the peer, once it has said so and closed the session.
    #[track_caller]
    pub fn refusal(&mut self, session: Session) -> Refusal {
        let refusal = self.hear_until(session, |frame| match frame {
            Frame::Refused(refusal) => Some(*refusal),
            _ => None,
        });
        self.until_closed(session);
        refusal
    }

    /// Waits until the session is over.
    pub fn until_closed(&mut self, session: Session) {
        while self.hear(session).is_some() {}
    }

    /// Ends a session.
    pub fn close(&mut self, session: Session) {
        self.transport.close(session.number, bitpie::transports::CloseReason::Local, "the end".to_owned());
        self.until_closed(session);
    }

    /// An honest HELLO.
    pub fn hello(&self) -> Hello {
        Hello::new("test", now_unix_ms(), None)
    }

    /// A sound document that was made at that time.
    pub fn document(&self, made_unix_ms: u64) -> VerifiedDocument {
        let sealing = SealingKey::derive(&self.key, 0);
        IdentityDocument::new(self.id(), sealing.public(), made_unix_ms, made_unix_ms).sign(&self.key).0
    }

    /// An honest PEER-ID for this session, but with that document.
    pub fn peer_id(&self, session: Session, document: &VerifiedDocument) -> Frame {
        Frame::PeerId(PeerId::new(&self.key, document, &session.handshake_hash, session.role, Vec::new()))
    }

    /// HELLO and PEER-ID, honestly; both sides have heard the other's.
    pub fn introduce(&mut self, session: Session) {
        self.say(session, &Frame::Hello(self.hello()));
        self.say(session, &self.peer_id(session, &self.document(now_unix_ms())));
    }

    /// A session that is ready, as an honest peer has one.
    #[track_caller]
    pub fn join(&mut self, node: &Node) -> Session {
        let session = self.dial(node).expect("the node takes it");
        self.introduce(session);
        self.make_ready(session);
        session
    }

    /// READY, once both are introduced.
    #[track_caller]
    pub fn make_ready(&mut self, session: Session) {
        self.hear_until(session, |frame| matches!(frame, Frame::Ready).then_some(()));
        self.say(session, &Frame::Ready);
        // What a node says first in a session that is ready.
        self.hear_until(session, |frame| matches!(frame, Frame::GetPeers).then_some(()));
    }

    /// The session goes both ways.
    #[track_caller]
    pub fn assert_alive(&mut self, session: Session) {
        self.say(session, &Frame::Ping(99));
        self.hear_until(session, |frame| (*frame == Frame::Pong(99)).then_some(()));
    }

    /// A packet that says it is of `sender`, signed by this peer.
    pub fn packet(&self, kind: PacketKind, sender: NodeId, recipient: NodeId, payload: Vec<u8>) -> Frame {
        let packet = Packet {
            kind,
            id: PacketId([9; 16]),
            sender,
            recipient,
            time_unix_ms: now_unix_ms(),
            answers: None,
            payload,
        };
        Frame::Packet(Signed::sign(&self.key, Domain::Packet, &encode(&packet)).as_bytes().to_vec())
    }

    /// Says that a packet of the node is on disk here.
    pub fn acknowledge(&self, session: Session, answers: PacketId) {
        let packet = Packet {
            kind: PacketKind::Ack,
            id: PacketId([8; 16]),
            sender: self.id(),
            recipient: session.with,
            time_unix_ms: now_unix_ms(),
            answers: Some(answers),
            payload: Vec::new(),
        };
        self.say(session, &Frame::Packet(packet.sign(&self.key).expect("a short packet").as_bytes().to_vec()));
    }
}
