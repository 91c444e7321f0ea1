//! What the rim tells the core.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use super::ids::SessionId;
use super::mappings::MappingRules;
use super::places::Places;
use super::relay::RelayRules;
use crate::automata::system::Message;
use crate::automata::types::{CloseReason, FailReason, SlotState};
use crate::identity::{Entrypoint, NodeId};
use crate::name::{ServiceName, TransportName};
use crate::nickname::Nickname;
use crate::peers::KnownPeer;
use crate::wire::{PacketId, PacketIds};

/// When something happens. Both are read by the rim, once for each input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Since the node was started, in milliseconds; never runs backwards.
    pub ms: u64,
    /// Milliseconds of unix time; may jump.
    pub unix_ms: u64,
}

/// What happens to the core, one variant for each meaning.
#[derive(Clone, Debug)]
pub enum Input {
    /// A part outside tells an automaton something, with nothing for the core to do beside it.
    Event(Message),
    /// The program begins: services that are enabled are started.
    Begin,
    /// A transport reports.
    Transport(TransportName, TransportInput),
    /// A session reports.
    Session(SessionId, SessionInput),
    /// Answers [`Command::BuildIdentity`](super::Command::BuildIdentity): the document is on disk.
    IdentityBuilt(IdentityBuilt),
    /// The other answer to [`Command::BuildIdentity`](super::Command::BuildIdentity).
    IdentityFailed {
        /// Why, for the user.
        reason: String,
    },
    /// A message of the user is committed, to be delivered.
    MessageQueued(QueuedMessage),
    /// Answers [`Command::CommitMessage`](super::Command::CommitMessage), for one or several of them, once the messages
    /// are on disk.
    MessagesCommitted {
        /// The session by which they came.
        session: SessionId,
        /// Who sent them.
        sender: NodeId,
        /// The packets.
        packets: PacketIds,
    },
    /// The other answer to [`Command::CommitMessage`](super::Command::CommitMessage): the message is not taken.
    MessageRefused {
        /// The session by which it came.
        session: SessionId,
        /// Who sent it.
        sender: NodeId,
        /// The packet.
        packet: PacketId,
        /// Why.
        reason: FailReason,
    },
    /// Answers [`Command::CommitIdentity`](super::Command::CommitIdentity), once it is on disk or it is known that it
    /// does not belong there.
    IdentityCommitted {
        /// The session by which it came.
        session: SessionId,
        /// Whose it is.
        sender: NodeId,
        /// The packet.
        packet: PacketId,
        /// The entrypoints that it names; nothing if it is no document of the sender, or was overtaken by one that is
        /// known.
        entrypoints: Option<Vec<Entrypoint>>,
        /// It says that the peer carries sessions of others.
        relays: bool,
    },
    /// Answers [`Command::SendMessage`](super::Command::SendMessage).
    Transmitted {
        /// The message.
        message: PacketId,
        /// The session that was to take it.
        session: SessionId,
        /// A session has taken it.
        is_sent: bool,
    },
    /// Somebody is a contact from now on.
    ContactAdded {
        /// Who.
        peer: NodeId,
        /// Where that node may be.
        entrypoints: Vec<Entrypoint>,
    },
    /// Somebody is no contact any more.
    ContactRemoved {
        /// Who.
        peer: NodeId,
    },
    /// Our user does not want to hear of somebody, from now on.
    ContactRefused {
        /// Who.
        peer: NodeId,
    },
    /// The DHT answers.
    Dht(DhtInput),
    /// The user asks for something.
    Request(UserRequest),
}

/// What a transport reports.
#[derive(Clone, Debug)]
pub enum TransportInput {
    /// It takes sessions.
    Listening {
        /// Where others can reach it; the best first.
        entrypoints: Vec<Entrypoint>,
        /// The default port was taken, and another is used.
        gave_way: bool,
    },
    /// It does not listen, or does so no longer.
    Failed {
        /// Why, for the user.
        reason: String,
    },
    /// It does not listen any more, as it was asked to.
    Stopped,
}

/// What the DHT answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DhtInput {
    /// There is a socket.
    Opened,
    /// A node's identity document was looked for.
    IdentityRead {
        /// Whose.
        peer: NodeId,
        /// The entrypoints that it names, if there is one that counts and is not older than one that was seen.
        entrypoints: Option<Vec<Entrypoint>>,
    },
    /// What a slot of the nickname holds that is to be ours.
    SlotRead(SlotState),
    /// It could not be read.
    SlotReadFailed {
        /// Why.
        reason: String,
    },
    /// Our claim could not be written into the slot.
    SlotWriteFailed {
        /// Why.
        reason: String,
        /// Nobody can write there any more.
        is_exhausted: bool,
    },
    /// Our claim is not in the slot any more, as far as that could be done.
    SlotErased {
        /// Why it may still be there.
        problem: Option<String>,
    },
    /// One slot of a nickname that is searched for.
    SearchSlotRead {
        /// The search.
        search: u64,
        /// The slot.
        index: u8,
        /// Whose it is; nobody if it is empty, out of date or forged.
        claimant: Option<NodeId>,
        /// Enough have answered to know that it is nobody else's.
        is_answered: bool,
        /// Where that node says it can be reached.
        entrypoints: Vec<Entrypoint>,
    },
}

/// What a session reports.
#[derive(Clone, Debug)]
pub enum SessionInput {
    /// Somebody has connected to us.
    Accepted {
        /// By which transport.
        transport: TransportName,
        /// From where: the address of the node that carries the session, if one does.
        remote: SocketAddr,
        /// Who carries it, if anybody does.
        through: Option<NodeId>,
    },
    /// What we dialled has answered.
    Connected,
    /// The transport's handshake has proved who the peer is.
    Authenticated {
        /// Who.
        peer: NodeId,
    },
    /// The peer's HELLO says what its clock says; told before the HELLO itself.
    Clock {
        /// By how many milliseconds it is ahead of ours.
        ahead_ms: i64,
    },
    /// The peer's sign that it lives, below the protocol.
    KeepAlive,
    /// Packets that were lost of those that were sent by it lately; told before a PONG.
    Loss {
        /// Of a thousand.
        per_mille: u32,
    },
    /// Answers [`Command::ProbeRouter`](super::Command::ProbeRouter).
    RouterProbed {
        /// The router in front of the peer answers what comes unasked.
        answers: bool,
    },
    /// The addresses of this machine have changed, and it goes on from another one.
    Moved,
    /// The peer goes on from another address.
    PeerMoved {
        /// The remote address from now on.
        remote: SocketAddr,
    },
    /// A frame came in, and what it says; nothing if only a later version knows.
    Frame(Option<Message>),
    /// It has ended.
    Closed {
        /// Why.
        reason: CloseReason,
        /// Why, for the user.
        detail: String,
        /// A chance between 0 and 1 second, by which nobody dials at the same moment as others.
        chance_ms: u64,
    },
}

/// Our identity document, as it is on disk now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityBuilt {
    /// It names other entrypoints than the one before, or in another order.
    pub contacts_changed: bool,
    /// It says something else that is new.
    pub identity_changed: bool,
    /// The document, as it is signed.
    pub document: Arc<[u8]>,
    /// Its revision.
    pub revision: u64,
    /// The nickname that it names.
    pub name: Option<Nickname>,
}

/// A message of ours that is on disk, and what had come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedMessage {
    /// Which.
    pub message: PacketId,
    /// Whom it is for.
    pub peer: NodeId,
    /// When it expires, in milliseconds of unix time.
    pub expires_unix_ms: u64,
    /// How often it was sent before.
    pub attempts: u16,
    /// What its pauses have come to, in milliseconds; 0 for a new one.
    pub pause_ms: u64,
}

/// What the user asks for, where it is more than an event of an automaton.
#[derive(Clone, Debug)]
pub enum UserRequest {
    /// Is this contact there?
    PingContact(NodeId),
    /// Be known by this nickname from now on, or by none.
    SetNickname(Option<Nickname>),
    /// Find everybody who claims a nickname, or the first.
    FindNickname {
        /// The search, numbered by who asks.
        search: u64,
        /// The nickname.
        nickname: Nickname,
        /// One suffices.
        first: bool,
    },
    /// Nobody wants to know any more what the search finds.
    StopSearch(u64),
}

/// What the core knows when it begins, from settings and from disk.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// Who we are.
    pub me: NodeId,
    /// 32 bytes of chance, from which packet ids are made.
    pub chance: [u8; 32],
    /// Services that are to be on.
    pub enabled: Vec<ServiceName>,
    /// Contacts, and where the user said that they may be.
    pub contacts: Vec<(NodeId, Vec<Entrypoint>)>,
    /// Those of whom our user does not want to hear.
    pub refused: Vec<NodeId>,
    /// Places for sessions that others open.
    pub places: Places,
    /// Peers with which a session is wanted besides contacts.
    pub bootstrap: Vec<(NodeId, Vec<Entrypoint>)>,
    /// What is known of peers.
    pub peers: Vec<KnownPeer>,
    /// The network that we belong to, as the user is told.
    pub network: String,
    /// Addresses of private networks may be dialled because somebody unknown named them.
    pub is_private_network: bool,
    /// The port at which a node listens by each transport if its user says nothing.
    pub usual_ports: BTreeMap<TransportName, u16>,
    /// Whether the router is asked to map ports.
    pub mapping_rules: MappingRules,
    /// How many sessions of others are carried, and whose.
    pub relay_rules: RelayRules,
    /// Sessions that we open, at most.
    pub outgoing_limit: usize,
    /// The nickname by which the user wants to be known.
    pub nickname: Option<Nickname>,
    /// Our identity document, as it is signed.
    pub document: Arc<[u8]>,
    /// The nickname that it names.
    pub document_name: Option<Nickname>,
}
