//! What the automata work with: sessions, peers, contacts, requests that wait for an answer. None of it decides anything.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sha2::{Digest as _, Sha256};

use crate::automata::senders::{contacts, gateway, identity, peers, private_messages, services, transports};
use crate::automata::system::{Message, System};
use crate::automata::types::FailReason;
use crate::automata::{message_delivery, network_connector};
use crate::hosts;
use crate::identity::{Entrypoint, NodeId};
use crate::node::dht::{OwnNickname, Reaching};
use crate::node::gateway::{Counters, Handshakes};
use crate::node::stability::Stabilities;
use crate::node::{
    Beginning, Command, FrameContent, Input, Lan, Lines, Now, OutgoingPacket, Peers, QueuedMessage, RequestId, Session,
    SessionId, SessionInput, Sessions, TransportInput, UserRequest,
};
use crate::peers::PeerSource;
use crate::services::{ServiceName, Waiting};
use crate::transports::TransportName;
use crate::wire::PacketId;

use automata_runtime::{Input as BusInput, Milliseconds};

/// A rest that was written down is believed up to here: the clock may have jumped.
const LONGEST_REST_MS: u64 = 15 * 60 * 1000;

/// Our own identity, as far as the core knows it.
#[derive(Clone, Debug, Default)]
pub struct OwnIdentity {
    /// Where each transport that listens can be reached.
    pub entrypoints: BTreeMap<TransportName, Vec<Entrypoint>>,
    /// The entrypoints of our document, in its order.
    pub published: Vec<Entrypoint>,
    /// Its revision; 0 before there is one.
    pub revision: u64,
    /// How well each transport serves, which makes the order in which they are published.
    pub stabilities: Stabilities,
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
    /// Peers with which a session is wanted besides contacts.
    pub bootstrap: BTreeSet<NodeId>,
    /// Services that are to be on.
    pub enabled: BTreeSet<ServiceName>,
    /// The local network.
    pub lan: Lan,
    /// Services and requests that wait.
    pub waiting: Waiting,
    /// Our identity.
    pub identity: OwnIdentity,
    /// Packets that wait for an acknowledgement.
    pub handshakes: Handshakes,
    /// Messages of ours that are to go, in their order.
    pub lines: Lines,
    /// What has been counted.
    pub counters: Counters,
    /// Why a transport does not listen.
    pub transport_failures: BTreeMap<TransportName, String>,
    /// Why there is no DHT.
    pub dht_failure: Option<String>,
    /// Why our identity document is not in the DHT.
    pub unpublished_because: Option<String>,
    /// Our nickname.
    pub nickname: OwnNickname,
    /// Why the last session with a contact, or with a peer of the settings, ended.
    pub last_ends: BTreeMap<NodeId, String>,
    /// When the last packet came in, in milliseconds since the node was started.
    pub last_packet_ms: Option<u64>,
    /// The program ends.
    pub is_stopping: bool,
    /// Sessions at the most.
    pub session_limit: usize,
    pub(super) reaching: Reaching,
    /// Nodes whose identity documents are being looked for in the DHT.
    pub(super) finding: BTreeSet<NodeId>,
    was_connected: bool,
    has_been_connected: bool,
    has_said_stopped: bool,
    chance: [u8; 32],
    packets: u64,
    requests: u64,
    written: u64,
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
            sessions: Sessions::default(),
            peers,
            contacts: beginning.contacts.iter().map(|(peer, _)| *peer).collect(),
            bootstrap: beginning.bootstrap.into_iter().map(|(peer, _)| peer).collect(),
            enabled: beginning.enabled.into_iter().collect(),
            lan: Lan::default(),
            waiting: Waiting::default(),
            identity: OwnIdentity::default(),
            handshakes: Handshakes::default(),
            lines: Lines::default(),
            counters: Counters::default(),
            transport_failures: BTreeMap::new(),
            dht_failure: None,
            unpublished_because: None,
            nickname: OwnNickname { wanted: beginning.nickname, ..OwnNickname::default() },
            reaching: Reaching::default(),
            finding: BTreeSet::new(),
            last_ends: BTreeMap::new(),
            last_packet_ms: None,
            is_stopping: false,
            session_limit: beginning.session_limit,
            was_connected: false,
            has_been_connected: false,
            has_said_stopped: false,
            chance: beginning.chance,
            packets: 0,
            requests: 0,
            written: 0,
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

    pub(super) fn next_message(&mut self) -> Option<Message> {
        self.messages.pop_front()
    }

    pub(super) fn has_messages(&self) -> bool {
        !self.messages.is_empty()
    }

    pub(super) fn next_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// An id for a packet of ours, which nobody else can foresee.
    pub fn packet_id(&mut self) -> PacketId {
        self.packets += 1;
        let digest = Sha256::new().chain_update(self.chance).chain_update(self.packets.to_be_bytes()).finalize();
        PacketId(std::array::from_fn(|index| digest[index]))
    }

    /// A number for a request of the node itself. Odd, so that those of the user never meet them.
    pub fn request_id(&mut self) -> RequestId {
        self.requests += 1;
        RequestId(2 * self.requests - 1)
    }

    /// Writes down what is known of a peer.
    pub fn remember_peer(&mut self, peer: &NodeId) {
        if let Some(record) = self.peers.get(peer) {
            let command = Command::RememberPeer(Box::new(record.clone()));
            self.command(command);
        }
    }

    /// A session is wanted with that peer.
    pub fn want_link(&mut self, peer: NodeId) {
        let now_unix_ms = self.now.unix_ms;
        let peer_known = self.peers.entry(peer, PeerSource::User, now_unix_ms);
        let pause = Milliseconds(peer_known.next_attempt_unix_ms.saturating_sub(now_unix_ms).min(LONGEST_REST_MS));
        self.tell(peers::peer_link::wanted(peer, pause));
    }

    /// Somebody has to be looked after as a contact: whether it is here, and by a session.
    pub fn look_after(&mut self, peer: NodeId) {
        self.want_link(peer);
        self.tell(contacts::contact_status::contact_added(peer));
    }

    /// What happens when a message of ours is to be delivered.
    pub fn deliver(&mut self, queued: &QueuedMessage) {
        self.written += 1;
        let given = message_delivery::Given {
            peer: queued.peer,
            number: Some(self.written),
            lifetime: Milliseconds(queued.expires_unix_ms.saturating_sub(self.now.unix_ms)),
            sent_before: Some(queued.attempts),
            paused_before: Some(Milliseconds(queued.pause_ms)),
            send_timeout: None,
            acknowledgement_timeout: None,
            first_pause: None,
            longest_pause: None,
            receipt_patience: None,
        };
        self.tell(Message::MessageDelivery(queued.message, BusInput::Start(given)));
        self.tell(private_messages::message_delivery::queued(queued.message));
    }

    pub(super) fn receive(&mut self, system: &System, input: Input) {
        match input {
            Input::Begin => hosts::local_service::begin(self),
            Input::Stop => hosts::local_service::stop_all(self, system),
            Input::Event(message) => self.tell(message),
            Input::Transport(transport, input) => self.transport(system, transport, input),
            Input::Session(session, input) => self.session(system, session, input),
            Input::IdentityBuilt { contacts_changed, identity_changed, revision } => {
                self.identity.revision = revision;
                self.tell(identity::p2p_connector::my_id_updated(contacts_changed, identity_changed));
            }
            Input::MessageQueued(queued) => {
                // Otherwise it is loaded with all others as soon as the service is on.
                if self.is_service_on(system, "private-messages")
                    && system.message_delivery.get(&queued.message).is_none()
                {
                    self.deliver(&queued);
                }
            }
            Input::MessageCommitted { session, sender, packet, refused } => {
                let answer = match refused {
                    None => OutgoingPacket::Ack(packet),
                    Some(reason) => OutgoingPacket::Fail(packet, reason),
                };
                self.answer_packet(session, sender, answer);
            }
            Input::IdentityCommitted { session, sender, packet, entrypoints } => {
                let answer = match entrypoints {
                    Some(entrypoints) => {
                        self.learn(sender, &entrypoints, PeerSource::Itself);
                        OutgoingPacket::Ack(packet)
                    }
                    None => OutgoingPacket::Fail(packet, FailReason::Malformed),
                };
                self.answer_packet(session, sender, answer);
            }
            Input::Transmitted { message, is_sent: true } => {
                self.counters.packets_out += 1;
                self.tell(gateway::message_delivery::sent(message));
            }
            Input::Transmitted { message, is_sent: false } => {
                self.counters.packets_failed += 1;
                self.tell(gateway::message_delivery::send_failed(message));
            }
            Input::ReadReceipt { sender, message } => {
                self.send_packet(sender, OutgoingPacket::Read(message));
            }
            Input::ContactAdded { peer, entrypoints } => {
                self.peers.name(peer);
                let is_new = self.learn(peer, &entrypoints, PeerSource::User);
                self.remember_peer(&peer);
                if is_new {
                    self.tell_if_there(system, peers::peer_link::address_learnt(peer));
                }
                if self.contacts.insert(peer) && self.is_service_on(system, "p2p-hookups") {
                    self.look_after(peer);
                }
            }
            Input::ContactRemoved { peer } => {
                self.contacts.remove(&peer);
                if !self.bootstrap.contains(&peer) {
                    self.peers.unname(&peer);
                }
                self.tell_if_there(system, contacts::contact_status::shutdown(peer));
                if !self.bootstrap.contains(&peer) {
                    self.tell_if_there(system, contacts::peer_link::unwanted(peer));
                }
                // The store has given them up.
                for (message, delivery) in system.message_delivery.iter() {
                    if delivery.parameters.peer == peer {
                        self.tell(services::message_delivery::stop(*message));
                    }
                }
            }
            Input::Lan(input) => self.lan_input(system, input),
            Input::Dht(input) => self.dht(system, input),
            Input::Request(request, what) => self.request(system, request, what),
        }
    }

    fn request(&mut self, system: &System, request: RequestId, what: UserRequest) {
        use crate::automata::senders::api;
        match what {
            UserRequest::StartService(service) => self.tell(api::local_service::start_requested(service, request)),
            UserRequest::StopService(service) => self.tell(api::local_service::stop_requested(service, request)),
            UserRequest::PingContact(peer) => {
                // Somebody waits for it, so it is tried even if it was tried lately.
                self.hurry_link(system, peer);
                self.tell(api::contact_status::ping_now(peer));
                self.tell(api::p2p_connector::ping_contact(peer));
            }
            UserRequest::Reconnect => self.tell(api::network_connector::reconnect()),
            UserRequest::Synchronize => self.tell(api::p2p_connector::check_synchronize()),
            UserRequest::SetNickname(nickname) => self.set_nickname(system, nickname),
            UserRequest::FindNickname { search, nickname, first: false } => {
                self.tell(api::nickname_observer::observe_many(search, nickname));
            }
            UserRequest::FindNickname { search, nickname, first: true } => {
                self.tell(api::nickname_observer::find_one(search, nickname));
            }
            UserRequest::StopSearch(search) => self.tell_if_there(system, api::nickname_observer::stop(search)),
            UserRequest::Reach(peer) => self.reach(system, request, peer),
        }
    }

    fn transport(&mut self, system: &System, transport: TransportName, input: TransportInput) {
        match input {
            TransportInput::Listening { entrypoints } => {
                self.transport_failures.remove(&transport);
                self.identity.entrypoints.insert(transport.clone(), entrypoints);
                self.tell(transports::network_transport::receiving_started(transport));
            }
            TransportInput::Failed { reason } => {
                self.identity.entrypoints.remove(&transport);
                self.tell(transports::network_transport::receiving_failed(transport, reason));
            }
            TransportInput::Stopped => {
                self.identity.entrypoints.remove(&transport);
                self.tell(transports::network_transport::receiving_stopped(transport));
            }
        }
        // Others are to hear at once that it is another place, or none.
        if self.is_service_on(system, crate::services::LAN_DISCOVERY) {
            self.search_lan();
        }
    }

    fn session(&mut self, system: &System, id: SessionId, input: SessionInput) {
        match input {
            SessionInput::Accepted { transport, remote } => {
                self.sessions.insert(id, Session::new(transport, remote, None, self.now.ms));
                self.tell(transports::tcp_connection::connection_made(id, false));
            }
            SessionInput::Connected => self.tell(transports::tcp_connection::connection_made(id, true)),
            SessionInput::Authenticated { peer } => {
                let Some(session) = self.sessions.get_mut(id) else { return };
                session.peer = Some(peer);
                self.identity.stabilities.session(&session.transport, true);
                let message = if session.is_outgoing {
                    transports::tcp_connection::answer_received(id, peer)
                } else {
                    transports::tcp_connection::hello_received(id, peer)
                };
                self.tell(message);
            }
            SessionInput::KeepAlive => {
                if let Some(peer) = self.sessions.get(id).and_then(|session| session.peer) {
                    self.tell(transports::tcp_connection::answer_received(id, peer));
                }
            }
            SessionInput::Frame { length, content } => {
                let now_ms = self.now.ms;
                let Some(session) = self.sessions.get_mut(id) else { return };
                session.heard_ms = now_ms;
                session.frames_in += 1;
                session.bytes_in += u64::from(length);
                session.arriving = Some(content);
                self.counters.frames_in += 1;
                self.tell(transports::tcp_connection::bytes_received(id, length));
            }
            SessionInput::Closed { reason, detail, chance_ms } => {
                hosts::tcp_connection::closed(self, system, id, reason, detail, Milliseconds(chance_ms));
            }
        }
    }

    /// What the automata have come to, where the node has to act on it and no automaton watches.
    pub(super) fn look_around(&mut self, system: &System) {
        let connector = system.network_connector.get().map(|instance| instance.state());
        let is_connected = connector == Some(network_connector::State::Connected);
        if is_connected && !self.was_connected {
            // The first time it is not back: then a rest that was kept from before the start goes on, and only what this run has tried in vain may go.
            let started_unix_ms = self.now.unix_ms.saturating_sub(self.now.ms);
            let has_failed = |peer: &NodeId| {
                let tried = self.peers.get(peer).map(|known| known.entrypoints.as_slice()).unwrap_or_default();
                tried.iter().any(|entrypoint| entrypoint.last_failure_unix_ms >= Some(started_unix_ms))
            };
            let links = system.peer_link.iter().map(|(peer, _)| *peer);
            let resting: Vec<NodeId> = links.filter(|peer| self.has_been_connected || has_failed(peer)).collect();
            for peer in resting {
                self.tell(peers::peer_link::network_back(peer));
            }
            self.has_been_connected = true;
        }
        self.was_connected = is_connected;
        hosts::local_service::look(self, system);
        if self.is_stopping
            && !self.has_said_stopped
            && hosts::local_service::is_all_down(system)
            && self.sessions.is_empty()
        {
            self.has_said_stopped = true;
            self.command(Command::Stopped);
        }
    }

    /// A service is on.
    #[must_use]
    pub fn is_service_on(&self, system: &System, name: &str) -> bool {
        hosts::local_service::is_on(system, name)
    }

    /// Somebody says where a peer is. Says whether there is a new address.
    pub fn learn(&mut self, peer: NodeId, entrypoints: &[Entrypoint], source: PeerSource) -> bool {
        peer != self.me && self.peers.learn(peer, entrypoints, source, self.now.unix_ms)
    }

    /// A service is to be on, or off, for the node's own reasons.
    pub fn request_service(&mut self, name: ServiceName, is_to_be_on: bool) {
        let request = self.request_id();
        self.tell(if is_to_be_on {
            services::local_service::start_requested(name, request)
        } else {
            services::local_service::stop_requested(name, request)
        });
    }

    /// Why the last session with a peer ended, for the user.
    pub fn last_closed(&mut self, peer: NodeId, why: String) {
        if self.contacts.contains(&peer) || self.bootstrap.contains(&peer) {
            self.last_ends.insert(peer, why);
        }
    }

    /// Takes what has just come in by a session.
    pub fn take_arriving(&mut self, id: SessionId) -> Option<FrameContent> {
        self.sessions.get_mut(id)?.arriving.take()
    }
}
