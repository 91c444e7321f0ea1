//! What the core asks of the rim.

use std::net::SocketAddr;

use super::ids::RequestId;
use super::ids::SessionId;
use crate::automata::outside;
use crate::automata::types::{NicknameResult, ServiceResult};
use crate::identity::{Entrypoint, NodeId};
use crate::name::ServiceName;
use crate::nickname::Nickname;
use crate::peers::KnownPeer;
use crate::wire::{Frame, Packet, PacketId, VerifiedPacket};

/// What is to be done, one variant for each meaning.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// What an automaton asks of a part outside.
    Outside(outside::Command),
    /// Open a session; `Connected` or `Closed` answers.
    Dial {
        /// Its number: even, since we open it.
        session: SessionId,
        /// Where to.
        entrypoint: Entrypoint,
        /// Who has to be there.
        expected: NodeId,
    },
    /// Open a session through another node, which is to carry it; `Connected` or `Closed` answers.
    DialThrough {
        /// Its number: even, since we open it.
        session: SessionId,
        /// Our session with the node that is to carry it.
        through: SessionId,
        /// Where that node is.
        remote: SocketAddr,
        /// Who has to be there.
        expected: NodeId,
    },
    /// Find out whether the router in front of a peer answers what comes unasked; `RouterProbed` answers.
    ProbeRouter {
        /// The session with the peer.
        session: SessionId,
        /// Where the peer's packets over UDP come from.
        at: SocketAddr,
    },
    /// Send a frame. What does not fit into the session's queue is lost, and the session with it.
    SendFrame(SessionId, Frame),
    /// Sign a packet of ours, and send it.
    SendPacket {
        /// By which session.
        session: SessionId,
        /// The packet.
        packet: Packet,
    },
    /// Send a message that is on disk; `Transmitted` answers.
    SendMessage {
        /// By which session.
        session: SessionId,
        /// The message.
        message: PacketId,
        /// Whom it is for.
        recipient: NodeId,
    },
    /// Open a sealed message and commit it; `MessagesCommitted` or `MessageRefused` answers.
    CommitMessage {
        /// The session by which it came.
        session: SessionId,
        /// The packet.
        packet: VerifiedPacket,
    },
    /// Keep the identity document of a peer, if it is newer; `IdentityCommitted` answers.
    CommitIdentity {
        /// The session by which it came.
        session: SessionId,
        /// The packet.
        packet: VerifiedPacket,
    },
    /// Build our identity document, sign it, keep it; `IdentityBuilt` or `IdentityFailed` answers.
    BuildIdentity {
        /// Where we can be reached, in the order of preference.
        entrypoints: Vec<Entrypoint>,
        /// Services that are on.
        services: Vec<ServiceName>,
    },
    /// A read receipt for a message whose delivery has come to its end: if it was sent to that peer and delivered,
    /// write down that it was read.
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
    /// Tell the user that a slot of the nickname which was ours is somebody else's, or closed to everybody.
    NicknameTaken {
        /// The nickname.
        nickname: Nickname,
        /// The slot.
        index: u8,
        /// Somebody else's claim is there that prevails. Otherwise nobody can write there any more.
        is_claimed: bool,
    },
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
}
