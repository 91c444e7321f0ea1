//! What the automata work with: sessions, peers, contacts, requests that wait for an answer. None of it decides
//! anything.

mod acknowledgements;
mod api_certificates;
mod api_ports;
mod calls;
pub mod clocks;
mod command;
mod counters;
mod ids;
mod input;
mod introductions;
mod lan;
mod mappings;
mod nickname;
mod numbers;
mod offenders;
mod peers;
mod places;
mod problems;
mod relay;
mod send_queue;
pub mod services;
mod sessions;
mod stability;
mod stun;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use crate::automata::system::{Message, System};
use crate::automata::types::Room;
use crate::identity::{Entrypoint, NodeId};
use crate::name::{ServiceName, TransportName, udp_name};
use crate::nickname::Nickname;
use crate::peers::{AddressGroup, PeerSource};
use crate::wire::{Frame, Packet, PacketBody, PacketId, PacketKind, Refusal};

pub use acknowledgements::{Acknowledgements, Purpose};
pub use api_certificates::{ApiCertificates, CertificateHash, KnownCertificate};
pub use api_ports::{ApiPorts, ExternalAddress, OBSERVERS, Observer, Observers};
pub use calls::Calls;
pub use clocks::{ClockVerdict, Clocks};
pub use command::Command;
pub use counters::Counters;
pub use ids::{RequestId, SessionId};
pub use input::{
    Beginning, DhtInput, IdentityBuilt, Input, Now, QueuedMessage, SessionInput, TransportInput, UserRequest,
};
pub use introductions::{ArrangedMeeting, Introduction, Introductions};
pub use lan::{LAN_PEERS, Lan};
pub use mappings::{Mapping, MappingRules, Mappings};
pub use nickname::OwnNickname;
pub use numbers::Numbers;
pub use offenders::Offenders;
pub use peers::{Peers, VIOLATION_POINTS};
use places::Guest;
pub use places::Places;
pub use problems::Problems;
pub use relay::{CIRCUITS_OF_ONE, Carried, CircuitId, Relay, RelayRules};

pub use send_queue::SendQueue;
pub use sessions::{RouterProbe, SETTLED_MS, Session, Sessions};
pub use stability::{Better, Stabilities, Stability};
pub use stun::{STUN_CLIENTS, Stun};

/// Our own identity, as far as the core knows it.
#[derive(Clone, Debug)]
pub struct OwnIdentity {
    /// Where each transport that listens can be reached.
    pub entrypoints: BTreeMap<TransportName, Vec<Entrypoint>>,
    /// The entrypoints of our document, in its order.
    pub published: Vec<Entrypoint>,
    /// Our document, as it is signed.
    pub document: Arc<[u8]>,
    /// By which name it says that we are known.
    pub name: Option<Nickname>,
    /// Its revision; 0 before there is one.
    pub revision: u64,
    /// How well each transport serves, which makes the order in which they are published.
    pub stabilities: Stabilities,
}

impl OwnIdentity {
    fn new(document: Arc<[u8]>, name: Option<Nickname>) -> Self {
        let (entrypoints, published, stabilities) = (BTreeMap::new(), Vec::new(), Stabilities::default());
        Self { entrypoints, published, document, name, revision: 0, stabilities }
    }
}

/// What the automata work with.
pub struct World {
    /// The time of the input at hand.
    pub now: Now,
    /// Who we are.
    pub me: NodeId,
    /// Sessions.
    pub sessions: Sessions,
    /// Peers.
    pub peers: Peers,
    /// Our contacts.
    pub contacts: BTreeSet<NodeId>,
    /// Those of whom our user does not want to hear.
    pub refused: BTreeSet<NodeId>,
    /// Peers with which a session is wanted besides contacts.
    pub bootstrap: BTreeSet<NodeId>,
    /// Places for sessions that others open.
    pub places: Places,
    /// The network that we belong to, as the user is told.
    pub network: String,
    /// The port at which a node listens by each transport if its user says nothing.
    pub usual_ports: BTreeMap<TransportName, u16>,
    /// Addresses that misbehaved.
    pub offenders: Offenders,
    /// Services that are to be on.
    pub enabled: BTreeSet<ServiceName>,
    /// The local network.
    pub lan: Lan,
    /// What the router has mapped.
    pub mappings: Mappings,
    /// What is known by STUN.
    pub stun: Stun,
    /// Where the API is reached.
    pub api_ports: ApiPorts,
    /// With which certificates it is reached over WebTransport.
    pub api_certificates: ApiCertificates,
    /// Services and requests that wait.
    pub waiting: services::Waiting,
    /// Our identity.
    pub identity: OwnIdentity,
    /// Packets that wait for an acknowledgement.
    pub acknowledgements: Acknowledgements,
    /// Read receipts on their way to each contact, and when they were sent.
    pub receipts: BTreeMap<NodeId, BTreeMap<PacketId, u64>>,
    /// Messages of ours that are to go, in their order.
    pub send_queue: SendQueue,
    /// When another node last opened a session that became ready, in milliseconds of unix time: from anywhere, and
    /// from an address of the internet.
    pub came_in_unix_ms: (Option<u64>, Option<u64>),
    /// How the clocks of others stand to ours.
    pub clocks: Clocks,
    /// What has been counted.
    pub counters: Counters,
    /// What stands in the way.
    pub problems: Problems,
    /// Our nickname.
    pub nickname: OwnNickname,
    /// Nodes of which it is being found out whether they are there.
    pub reaching: BTreeSet<NodeId>,
    /// Nodes whose identity documents are being looked for in the DHT, and whether each is to be looked for once more.
    pub finding: BTreeMap<NodeId, bool>,
    /// Who asks us for whom.
    pub introductions: Introductions,
    /// Those whom we were told to meet, and when, in milliseconds since the node was started.
    pub meetings: BTreeMap<NodeId, u64>,
    /// Sessions of others that we carry.
    pub relay: Relay,
    /// What nodes that carry sessions have found out by calls.
    pub calls: Calls,
    /// Numbers and ids that were given out.
    pub numbers: Numbers,
    messages: VecDeque<Message>,
    commands: VecDeque<Command>,
}

impl World {
    /// As it is known from settings and from disk.
    #[must_use]
    pub fn new(beginning: Beginning) -> Self {
        let mut peers = Peers::new(beginning.peers, beginning.is_private_network);
        for (peer, entrypoints) in &beginning.bootstrap {
            peers.name(*peer);
            peers.learn(*peer, entrypoints, PeerSource::Bootstrap, 0);
        }
        for (peer, entrypoints) in &beginning.contacts {
            peers.name(*peer);
            peers.learn(*peer, entrypoints, PeerSource::User, 0);
        }
        Self {
            now: Now::default(),
            me: beginning.me,
            sessions: Sessions::new(beginning.outgoing_limit),
            peers,
            contacts: beginning.contacts.iter().map(|(peer, _)| *peer).collect(),
            refused: beginning.refused.into_iter().collect(),
            places: beginning.places,
            network: beginning.network,
            usual_ports: beginning.usual_ports,
            offenders: Offenders::default(),
            bootstrap: beginning.bootstrap.into_iter().map(|(peer, _)| peer).collect(),
            enabled: beginning.enabled.into_iter().collect(),
            lan: Lan::default(),
            mappings: Mappings { rules: beginning.mapping_rules, ..Mappings::default() },
            stun: Stun::new(beginning.is_private_network),
            api_ports: ApiPorts::default(),
            api_certificates: ApiCertificates::default(),
            waiting: services::Waiting::default(),
            identity: OwnIdentity::new(beginning.document, beginning.document_name),
            acknowledgements: Acknowledgements::default(),
            receipts: BTreeMap::new(),
            send_queue: SendQueue::default(),
            came_in_unix_ms: (None, None),
            clocks: Clocks::default(),
            counters: Counters::default(),
            problems: Problems::default(),
            nickname: OwnNickname { wanted: beginning.nickname, ..OwnNickname::default() },
            reaching: BTreeSet::new(),
            finding: BTreeMap::new(),
            introductions: Introductions::default(),
            meetings: BTreeMap::new(),
            relay: Relay::new(beginning.relay_rules),
            calls: Calls::default(),
            numbers: Numbers::new(beginning.chance),
            messages: VecDeque::new(),
            commands: VecDeque::new(),
        }
    }

    /// Tells the automata something, behind what is to be told already.
    pub fn tell(&mut self, message: Message) {
        self.messages.push_back(message);
    }

    /// Tells an automaton something, if there is the instance that it is for.
    pub fn tell_if_there(&mut self, system: &System, message: Message) {
        if system.has_recipient(&message) {
            self.tell(message);
        }
    }

    /// Asks something of the rim.
    pub fn command(&mut self, command: Command) {
        self.commands.push_back(command);
    }

    /// What the automata are to be told next.
    pub fn next_message(&mut self) -> Option<Message> {
        self.messages.pop_front()
    }

    /// The automata are to be told something.
    #[must_use]
    pub fn has_messages(&self) -> bool {
        !self.messages.is_empty()
    }

    /// What the rim is asked for next.
    pub fn next_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// The address of the socket for UDP that others see, where a router uses the same one towards everybody.
    fn seen_at(&self) -> impl Iterator<Item = Entrypoint> {
        let believed = self.stun.observations.external(self.now.ms).into_iter();
        let addresses =
            believed.filter(|it| it.mapping == crate::stun::Mapping::EndpointIndependent).filter_map(|it| it.address);
        addresses.map(|address| Entrypoint { transport: udp_name(), address })
    }

    /// Where this node can be reached by each transport that listens, through the router too, if that maps a port or
    /// lets those in to whom this node has sent something.
    pub fn reached_at(&self) -> impl Iterator<Item = (&TransportName, Vec<Entrypoint>)> {
        let all = self.identity.entrypoints.iter();
        all.map(|(transport, listens_at)| {
            let mut reached = self.mappings.with_external(transport, listens_at);
            if *transport == udp_name() {
                let seen: Vec<Entrypoint> = self.seen_at().filter(|at| !reached.contains(at)).collect();
                reached.extend(seen);
            }
            (transport, reached)
        })
    }

    /// The transports by which we are reached, the one that serves best first, as our document has them.
    #[must_use]
    pub fn transports_in_order(&self) -> Vec<TransportName> {
        let mut order: Vec<TransportName> = Vec::new();
        for entrypoint in &self.identity.published {
            if !order.contains(&entrypoint.transport) {
                order.push(entrypoint.transport.clone());
            }
        }
        order
    }

    /// Writes down what is known of a peer.
    pub fn remember_peer(&mut self, peer: &NodeId) {
        if let Some(record) = self.peers.get(peer) {
            let command = Command::RememberPeer(Box::new(record.clone()));
            self.command(command);
        }
    }

    /// At which port a peer with a session has its STUN server, if it has one.
    #[must_use]
    pub fn stun_port(&self, peer: &NodeId) -> Option<u16> {
        self.sessions.get(self.sessions.ready(peer)?)?.stun_port
    }

    /// The peer says at which port it has its STUN server, if it has one. Without a session that means nothing.
    pub fn note_stun_port(&mut self, peer: NodeId, port: Option<u16>) {
        if let Some(session) = self.sessions.ready(&peer).and_then(|id| self.sessions.get_mut(id)) {
            session.stun_port = port;
        }
    }

    /// A service is on.
    #[must_use]
    pub fn is_service_on(&self, system: &System, name: &str) -> bool {
        services::is_on(system, name)
    }

    /// Somebody says where a peer is. Says whether there is a new address.
    pub fn learn(&mut self, peer: NodeId, entrypoints: &[Entrypoint], source: PeerSource) -> bool {
        peer != self.me && self.peers.learn(peer, entrypoints, source, self.now.unix_ms)
    }

    /// A peer has to do with our user: nobody else is told of it any more.
    pub fn acquaint(&mut self, peer: NodeId) {
        let known = self.peers.entry(peer, PeerSource::Itself, self.now.unix_ms);
        if !std::mem::replace(&mut known.acquainted, true) {
            self.remember_peer(&peer);
        }
    }

    /// Our user has named this peer, as a contact or in the settings.
    #[must_use]
    pub fn is_friend(&self, peer: &NodeId) -> bool {
        self.contacts.contains(peer) || self.bootstrap.contains(peer)
    }

    /// Whether there is a place for a session that somebody else has opened, and whose session goes for it.
    #[must_use]
    pub fn place_for(&self, newcomer: SessionId) -> (Room, Option<SessionId>) {
        let Some(session) = self.sessions.get(newcomer) else { return (Room::Full, None) };
        let guest = |id: SessionId, other: &Session| Guest {
            session: id,
            is_friend: other.peer.is_some_and(|peer| self.is_friend(&peer)),
            group: AddressGroup::of(other.remote.ip()),
            is_same_address: network_of(other.remote.ip()) == network_of(session.remote.ip()),
            packets: other.packets,
            age_ms: self.now.ms.saturating_sub(other.opened_ms),
        };
        let taken: Vec<Guest> = self.sessions.guests().map(|(id, other)| guest(id, other)).collect();
        places::judge(&self.places, &guest(newcomer, session), &taken)
    }

    /// Why the last session with a peer ended, for the user.
    pub fn last_closed(&mut self, peer: NodeId, why: String) {
        if self.is_friend(&peer) {
            self.problems.last_ends.insert(peer, why);
        }
    }

    /// Sends a packet to a peer, by the session that serves it.
    pub fn send_packet(&mut self, peer: NodeId, says: PacketBody) -> Option<PacketId> {
        let session = self.sessions.ready(&peer);
        self.send_packet_by(session, peer, says)
    }

    /// Answers a packet, by the session by which it came or, if that is gone, by another.
    pub fn answer_packet(&mut self, session: SessionId, peer: NodeId, says: PacketBody) {
        let session = self.sessions.get(session).map(|_| session).or_else(|| self.sessions.ready(&peer));
        self.send_packet_by(session, peer, says);
    }

    fn send_packet_by(&mut self, session: Option<SessionId>, recipient: NodeId, says: PacketBody) -> Option<PacketId> {
        let Some(session) = session else {
            self.counters.packets_failed += 1;
            return None;
        };
        self.counters.packets_out += 1;
        let id = self.numbers.packet_id();
        let PacketBody { kind, answers, payload } = says;
        let packet = Packet { kind, id, sender: self.me, recipient, time_unix_ms: self.now.unix_ms, answers, payload };
        self.command(Command::SendPacket { session, packet });
        Some(id)
    }

    /// A packet with our identity document.
    #[must_use]
    pub fn our_document(&self) -> PacketBody {
        PacketBody { kind: PacketKind::Identity, answers: None, payload: self.identity.document.to_vec() }
    }

    /// Sends a frame that is no packet.
    pub fn send_frame(&mut self, session: SessionId, frame: Frame) {
        self.command(Command::SendFrame(session, frame));
    }

    /// A session ended because its peer was too slow, without a word.
    pub fn count_timed_out(&mut self) {
        Counters::count(&mut self.counters.refused, Refusal::TimedOut);
    }

    /// Looks for the identity document of a node in the DHT, if that is not being done: it may say where the node is
    /// now.
    pub fn find_identity(&mut self, peer: NodeId) {
        if self.finding.insert(peer, false).is_none() {
            self.command(Command::FindIdentity(peer));
        }
    }

    /// The same, but a look that began before now does not count: what it finds may be out of date.
    pub fn find_identity_as_of_now(&mut self, peer: NodeId) {
        match self.finding.get_mut(&peer) {
            Some(once_more) => *once_more = true,
            None => self.find_identity(peer),
        }
    }
}

/// What counts as one address: one of IPv4, or the 64 bits of IPv6 that one household gets.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}
