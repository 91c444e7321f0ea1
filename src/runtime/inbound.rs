//! What came in by a session, decoded and verified: which event a frame is, is decided here, by one table.

use automata_runtime::Milliseconds;

use crate::automata::senders::transports::peer_protocol as told;
use crate::automata::system::Message;
use crate::identity::{Entrypoints, NodeId, VerifiedDocument};
use crate::wire::{Frame, HELLO, Hello, Meeting, PeerId, PeerIdError, Refusal, Role, VerifiedPacket};

/// What a session's transport has proved.
#[derive(Clone, Copy, Debug)]
pub struct Proved {
    /// Who is there.
    pub peer: NodeId,
    /// The hash of the handshake.
    pub handshake_hash: [u8; 32],
    /// We opened it.
    pub is_outgoing: bool,
}

impl Proved {
    /// Our side of it.
    pub fn role(&self) -> Role {
        if self.is_outgoing { Role::Initiator } else { Role::Responder }
    }
}

/// Whether a document says that its node carries sessions of others.
pub fn offers_relay(document: &VerifiedDocument) -> bool {
    document.document().services.iter().any(|service| service.as_str() == "relay")
}

/// What came in.
pub enum Inbound {
    /// What the automaton is told; nothing if only a later version knows what it is.
    Event(Option<Message>),
    /// A document of ours that the other side has seen, it says.
    OurDocument(Vec<u8>),
    /// A PEER-ID. The store is asked about its document before the automaton is told.
    Introduction(Introduction),
}

/// Reads a frame.
pub fn read(session: u64, bytes: &[u8], proved: &Proved, network: &str, now_unix_ms: u64) -> Inbound {
    Inbound::Event(match Frame::decode(bytes) {
        Ok(Frame::PeerId(peer_id)) => {
            return Inbound::Introduction(Introduction::verify(peer_id, proved, now_unix_ms));
        }
        Ok(Frame::YourDocument(document)) => return Inbound::OurDocument(document),
        Ok(frame) => event(session, frame, network, now_unix_ms),
        Err(error) => Some(told::violation(session, error.to_string())),
    })
}

/// By how many milliseconds the clock of a peer is ahead of ours, if the frame is its HELLO.
pub fn clock_ahead_ms(bytes: &[u8], now_unix_ms: u64) -> Option<i64> {
    if Frame::tag_of(bytes) != Some(HELLO) {
        return None;
    }
    match Frame::decode(bytes) {
        Ok(Frame::Hello(hello)) => Some(hello.time_unix_ms.wrapping_sub(now_unix_ms).cast_signed()),
        _ => None,
    }
}

/// What a frame other than PEER-ID says; nothing if only a later version knows.
pub fn event(session: u64, frame: Frame, network: &str, now_unix_ms: u64) -> Option<Message> {
    Some(match frame {
        Frame::Hello(hello) => greeting(session, &hello, network, now_unix_ms),
        Frame::PeerId(_) | Frame::YourDocument(_) | Frame::Unknown(_) => return None,
        Frame::Ready => told::ready_received(session),
        Frame::Refused(reason) => told::refused(session, reason),
        Frame::Ping(nonce) => told::ping_received(session, nonce),
        Frame::Pong(nonce) => told::pong_received(session, nonce),
        Frame::GetPeers => told::peers_asked(session),
        Frame::Peers(hints) => told::peers_received(session, hints),
        Frame::Introduce(target) => told::introduction_asked(session, target),
        Frame::Sought(by) => told::sought(session, by),
        Frame::Meet(Meeting { peer, at, first }) => told::meeting_told(session, peer, at, first),
        Frame::Packet(bytes) => match VerifiedPacket::verify(&bytes) {
            Ok(packet) => told::packet_received(session, packet),
            Err(error) => told::violation(session, error.to_string()),
        },
        Frame::Goodbye => told::refused(session, Refusal::Stopping),
    })
}

fn greeting(session: u64, theirs: &Hello, network: &str, now_unix_ms: u64) -> Message {
    let compared = Hello::new(network, now_unix_ms, None).compare(theirs, now_unix_ms);
    told::hello_received(
        session,
        compared.same_network,
        compared.same_constants,
        compared.common_version.is_some(),
        Milliseconds(compared.skew_ms),
        theirs.observed.clone(),
        theirs.agent.as_str().to_owned(),
        theirs.is_listed(),
    )
}

/// A PEER-ID, verified. Whether its document is older than one that was seen, only the store knows.
pub struct Introduction {
    peer: NodeId,
    is_proven: bool,
    is_document_valid: bool,
    entrypoints: Entrypoints,
    document: Option<VerifiedDocument>,
}

impl Introduction {
    fn verify(peer_id: PeerId, proved: &Proved, now_unix_ms: u64) -> Self {
        let verified = peer_id.verify(&proved.handshake_hash, proved.role().other(), &proved.peer, now_unix_ms);
        Self {
            // Who it says it is; that this is not who the transport has found there, the core sees.
            peer: if let Err(PeerIdError::OfAnother { found, .. }) = verified { found } else { proved.peer },
            is_proven: !matches!(verified, Err(PeerIdError::BadProof { .. })),
            is_document_valid: matches!(verified, Ok(_) | Err(PeerIdError::OfAnother { .. })),
            entrypoints: peer_id.entrypoints.to_vec(),
            document: verified.ok(),
        }
    }

    /// Whoever is there has proved to be who the document names.
    pub fn is_proven(&self) -> bool {
        self.is_proven
    }

    /// The document, if it is that of whom the transport has found there.
    pub fn document(&self) -> Option<VerifiedDocument> {
        self.document.clone()
    }

    /// What it says, if its document is the newest that was seen.
    pub fn event(self, session: u64, is_newest: bool) -> Message {
        let is_valid = self.is_document_valid && is_newest;
        let relays = self.document.as_ref().is_some_and(offers_relay);
        told::peer_id_received(session, self.peer, self.is_proven, is_valid, self.entrypoints, relays)
    }
}
