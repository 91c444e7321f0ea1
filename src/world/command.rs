//! What the core asks of the rim.

use std::sync::Arc;

use super::ids::RequestId;
use super::ids::SessionId;
use crate::automata::outside;
use crate::automata::types::{FailReason, NicknameResult, Refusal, ServiceResult};
use crate::identity::{Entrypoint, NodeId};
use crate::name::ServiceName;
use crate::nickname::Nickname;
use crate::peers::KnownPeer;
use crate::wire::PacketId;

/// What is to be done, one variant for each meaning.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// What an automaton asks of a part outside.
    Outside(outside::Command),
    /// Look for nodes in the local network, and announce there where we can be reached, in place of what was announced. `Lan` reports, until `StopLan`.
    SearchLan {
        /// Where we can be reached; without any nothing is announced.
        entrypoints: Vec<Entrypoint>,
    },
    /// Withdraw what was announced in the local network, and look no more.
    StopLan,
    /// Open a session; `Connected` or `Closed` answers.
    Dial {
        /// Its number: even, since we open it.
        session: SessionId,
        /// Where to.
        entrypoint: Entrypoint,
        /// Who has to be there.
        expected: NodeId,
    },
    /// Frames may be sent from now on.
    OpenStream(SessionId),
    /// Send a frame. What does not fit into the session's queue is lost, and the session with it.
    Send(SessionId, OutgoingFrame),
    /// Send a packet to the peer of that session.
    SendPacket {
        /// By which session.
        session: SessionId,
        /// To whom.
        recipient: NodeId,
        /// Its id.
        id: PacketId,
        /// What it says.
        packet: OutgoingPacket,
    },
    /// Send a message that is on disk; `Transmitted` answers.
    Transmit {
        /// By which session.
        session: SessionId,
        /// The message.
        message: PacketId,
        /// Whom it is for.
        recipient: NodeId,
    },
    /// Open a sealed message and commit it; `MessageCommitted` answers.
    CommitMessage {
        /// The session by which it came.
        session: SessionId,
        /// Who sent it.
        sender: NodeId,
        /// The packet.
        packet: PacketId,
        /// The packet's octets.
        bytes: Arc<[u8]>,
    },
    /// Keep the identity document of a peer, if it is newer; `IdentityCommitted` answers.
    CommitIdentity {
        /// The session by which it came.
        session: SessionId,
        /// Whose it is.
        sender: NodeId,
        /// The packet.
        packet: PacketId,
        /// The document's octets.
        bytes: Arc<[u8]>,
    },
    /// Build our identity document, sign it, keep it; `IdentityBuilt` answers.
    BuildIdentity {
        /// Where we can be reached, in the order of preference.
        entrypoints: Vec<Entrypoint>,
        /// Services that are on.
        services: Vec<ServiceName>,
    },
    /// Tell of every message that is on its way, each by `MessageQueued`.
    LoadMessages,
    /// A read receipt for a message whose delivery has come to its end: if it was sent to that peer and delivered, write down that it was read.
    FindDelivered {
        /// The message.
        message: PacketId,
        /// Who says so.
        peer: NodeId,
    },
    /// Write down what is known of a peer.
    RememberPeer(Box<KnownPeer>),
    /// Count one more minute for each of these contacts, and whether it was there.
    CountPresence(Vec<(NodeId, bool)>),
    /// Tell the user why something does not work.
    Report {
        /// What does not work.
        what: String,
        /// Why.
        reason: String,
    },
    /// Look for a node's identity document in the DHT; `IdentityRead` answers.
    FindIdentity(NodeId),
    /// Tell the user what has become of the wish to be known by a nickname.
    ReportNickname {
        /// What.
        result: NicknameResult,
        /// The nickname; none if there is none any more.
        nickname: Option<Nickname>,
        /// Its slot.
        index: u8,
    },
    /// Answer a request.
    Answer(RequestId, ServiceResult),
    /// Everything has come to rest, as `Stop` asked for.
    Stopped,
}

/// A frame to be sent, apart from packets. The rim adds what only it knows: keys, documents, the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutgoingFrame {
    /// HELLO.
    Hello {
        /// Where we see the peer.
        observed: Entrypoint,
    },
    /// PEER-ID.
    PeerId,
    /// READY.
    Ready,
    /// Why we do not take the peer.
    Refused(Refusal),
    /// Are you there?
    Ping(u64),
    /// I am.
    Pong(u64),
    /// Whom do you know?
    GetPeers,
    /// Nodes, and where they may be.
    Peers(Vec<(NodeId, Vec<Entrypoint>)>),
}

/// A packet to be sent, apart from messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutgoingPacket {
    /// Our identity document.
    Identity,
    /// We have it.
    Ack(PacketId),
    /// We do not take it.
    Fail(PacketId, FailReason),
    /// Our user has read it.
    Read(PacketId),
}
