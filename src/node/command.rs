//! What the core asks of the rim.

use std::sync::Arc;

use crate::automata::types::{DeliveryState, FailReason, NicknameResult, Refusal, ServiceResult};
use crate::identity::{Entrypoint, NodeId};
use crate::nickname::Nickname;
use crate::node::{RequestId, SessionId};
use crate::peers::KnownPeer;
use crate::services::ServiceName;
use crate::transports::TransportName;
use crate::wire::PacketId;

/// What is to be done, one variant for each meaning.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Look at the network interfaces; `InterfacesChecked` answers.
    CheckInterfaces,
    /// See whether there is a way out; `InternetProbed` answers.
    ProbeInternet,
    /// Take sessions; `Listening` or `Failed` answers.
    Listen(TransportName),
    /// Take no more sessions; `Stopped` answers. Those that are open stay.
    StopListening(TransportName),
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
    /// As the side that opened the session, begin the transport's handshake; `Authenticated` or `Closed` answers.
    BeginHandshake(SessionId),
    /// Frames may be sent from now on.
    OpenStream(SessionId),
    /// Send a sign of life, below the protocol.
    KeepAlive(SessionId),
    /// Send what is waiting, and close; `Closed` answers.
    Close(SessionId),
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
    /// Write down what became of a message of ours, and tell the user.
    RecordDelivery {
        /// The message.
        message: PacketId,
        /// What it has come to.
        state: DeliveryState,
        /// How often it was sent.
        attempts: u16,
        /// How long it rests before it is sent again, in milliseconds.
        pause_ms: u64,
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
    /// Write down that the recipient does not take a message of ours.
    RecordRefusal {
        /// The message.
        message: PacketId,
        /// Why.
        reason: FailReason,
    },
    /// Write down what is known of a peer.
    RememberPeer(Box<KnownPeer>),
    /// Tell the user that a contact is there, or is not.
    ReportPresence {
        /// Who.
        peer: NodeId,
        /// It is there.
        is_here: bool,
    },
    /// Count one more minute for each of these contacts, and whether it was there.
    CountPresence(Vec<(NodeId, bool)>),
    /// Tell the user why something does not work.
    Report {
        /// What does not work.
        what: String,
        /// Why.
        reason: String,
    },
    /// Do something with the DHT.
    Dht(DhtCommand),
    /// Tell the user what has become of the wish to be known by a nickname.
    ReportNickname {
        /// What.
        result: NicknameResult,
        /// The nickname; none if there is none any more.
        nickname: Option<Nickname>,
        /// Its slot.
        index: u8,
    },
    /// Tell the user of somebody who claims the nickname that is searched for.
    ReportClaimant {
        /// The search.
        search: u64,
        /// The slot.
        index: u8,
        /// Who.
        claimant: NodeId,
    },
    /// Tell the user that a search is over.
    ReportSearchEnd {
        /// The search.
        search: u64,
        /// All slots have answered that were to.
        is_complete: bool,
    },
    /// Tell the user whether a node could be reached.
    ReportReached {
        /// The request.
        request: RequestId,
        /// It has proved that it is there.
        is_reached: bool,
    },
    /// Answer a request.
    Answer(RequestId, ServiceResult),
    /// Everything has come to rest, as `Stop` asked for.
    Stopped,
}

/// What is to be done with the DHT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DhtCommand {
    /// Open the socket; `Opened` or `OpenFailed` answers.
    Open,
    /// See whether others are there; `Answered` or `Alone` answers.
    Look,
    /// Write down who answered lately.
    SaveNodes,
    /// Close the socket. Whatever was asked is not answered any more.
    Close,
    /// Write our identity document; `Published` or `PublishFailed` answers.
    Publish,
    /// Look for a node's identity document; `IdentityRead` answers.
    FindIdentity(NodeId),
    /// Read a slot of the nickname that is to be ours; `SlotRead` or `SlotReadFailed` answers. Claims of ours that were left in other slots are taken out.
    ReadSlot(Nickname, u8),
    /// Write our claim into a slot; `SlotWritten` or `SlotWriteFailed` answers.
    WriteSlot(Nickname, u8),
    /// Take our claim out of a slot; `SlotErased` answers.
    EraseSlot(Nickname, u8),
    /// Read the first slots of a nickname, all at once; `SearchSlotRead` answers for each.
    ReadSlots {
        /// The search.
        search: u64,
        /// The nickname.
        nickname: Nickname,
        /// How many slots.
        slots: u8,
        /// The first who claims it suffices, so soon rather than surely.
        first: bool,
    },
    /// Nobody waits for the answers of that search.
    CancelReading(u64),
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
