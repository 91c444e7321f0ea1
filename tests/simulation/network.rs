//! The virtual network: carries out the commands of every core as its rim would, with a delay, and remembers what users
//! would have seen.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use automata_runtime::{Input as BusInput, Record, Records};
use bitpie::automata::outside::{self, ApiPorts, Dht, Network, Router, Store, Transports, User};
use bitpie::automata::system::{Message, Settings};
use bitpie::automata::types::{CloseReason, DeliveryState, FailReason, MappingProtocol, NicknameResult, Refusal};
use bitpie::automata::{
    api_port, dht_connector, identity_publisher, lan_discovery, local_service, network_connector, network_transport,
    nickname_holder, node_life, outbox, peer_protocol, port_mapping, reachability, read_receipts, stun_client,
    stun_server,
};
use bitpie::dht::{Slot, judge};
use bitpie::identity::{Entrypoint, IdentityKey, NodeId};
use bitpie::name::{ServiceName, TransportName};
use bitpie::nickname::Nickname;
use bitpie::node::Node;
use bitpie::peers::KnownPeer;
use bitpie::runtime::inbound;
use bitpie::services::{SERVICES, Service};
use bitpie::stun::OurSocket;
use bitpie::wire::{Frame, Hello, Packet, PacketId, PacketKind};
use bitpie::words::snake_case;
use bitpie::world::{
    Beginning, Command, DhtInput, IdentityBuilt, Input, MappingRules, Now, Places, QueuedMessage, RelayRules,
    RequestId, SessionId, SessionInput, TransportInput,
};

use crate::carrying::Carrying;

/// Unix time at which every simulation begins, in milliseconds.
const EPOCH_MS: u64 = 1_800_000_000_000;

/// Sessions of a node, at most, if nothing else is said.
const SESSION_LIMIT: usize = 100;

/// From one core to another.
pub const DELAY_MS: u64 = 10;

/// A node as others see it.
pub struct Host {
    pub core: Node<Records>,
    pub id: NodeId,
    pub address: SocketAddr,
    /// What its clock is ahead of the others'.
    pub skew_ms: u64,
    pub network: &'static str,
    pub is_plugged: bool,
    /// How many sessions it may have.
    room: usize,
    listening: BTreeSet<TransportName>,
    /// A router lets in over UDP only those to whom it has sent something lately, and nobody over TCP.
    pub is_behind_router: bool,
    /// Its router takes another port for each whom it sends to, so that nobody is told of the right one.
    pub lets_nobody_in: bool,
    /// Its router answers what comes unasked, and then takes another port for the host's own packets.
    pub router_answers: bool,
    /// Its document says that it carries sessions of others.
    pub offers_relay: bool,
    /// Its sessions → (host, session) on the other side.
    pub wires: BTreeMap<SessionId, (usize, SessionId)>,
    pub accepted: SessionId,
    pub revision: u64,
    pub published: Vec<Entrypoint>,
    /// Messages of its user: which, to whom, and what has become of each.
    pub outbox: BTreeMap<PacketId, (NodeId, DeliveryState)>,
    pub refused: BTreeMap<PacketId, FailReason>,
    /// Messages that came in, by sender, each once.
    pub inbox: Vec<(NodeId, PacketId)>,
    seen: BTreeSet<(NodeId, PacketId)>,
    pub online: BTreeMap<NodeId, bool>,
    pub remembered: BTreeMap<NodeId, KnownPeer>,
    pub reports: Vec<String>,
    pub answers: Vec<(u64, String)>,
    pub minutes: BTreeMap<NodeId, (u32, u32)>,
    /// Where it has called, and when.
    pub dialled: Vec<(u64, Entrypoint)>,
    /// Of which of its sessions it has probed the router in front of the other side.
    pub probed: Vec<SessionId>,
    /// What it announces in the local network, while it looks around there.
    pub announced: Option<Vec<Entrypoint>>,
    /// Whom of which message it is still to be told that it was read.
    pub receipts: BTreeSet<(NodeId, PacketId)>,
    /// It has a STUN server, and says so.
    pub offers_stun: bool,
    /// How often it was to be forgotten what is over.
    pub tidied: u32,
    /// The store stands still: nothing is committed.
    pub is_store_stuck: bool,
    /// What its store still refuses, so many times, of what it is asked to build or load.
    pub store_failures: u32,
    pub nickname_reports: Vec<(NicknameResult, Option<Nickname>, u8)>,
    pub found: BTreeMap<u64, Search>,
    /// Whether nodes were there when the user asked.
    pub reached: BTreeMap<NodeId, bool>,
    /// Where its router lets others through, if it maps ports.
    pub router: Option<SocketAddr>,
    /// It maps one now.
    pub is_mapped: bool,
    /// How often it was asked to.
    pub mapping_requests: u32,
}

/// What has become of a search.
#[derive(Default)]
pub struct Search {
    /// Who claims which slot.
    pub claimants: Vec<(u8, NodeId)>,
    /// Once it is over: whether it is complete.
    pub is_complete: Option<bool>,
    /// Once it is over: how many slots have answered.
    pub answered: u8,
}

/// What all nodes see.
#[derive(Default)]
pub struct VirtualDht {
    pub documents: BTreeMap<NodeId, Vec<Entrypoint>>,
    pub slots: BTreeMap<(Nickname, u8), NodeId>,
    /// Nobody finds a document in it.
    pub has_no_documents: bool,
    /// How often each node has written its document.
    pub writings: BTreeMap<NodeId, u32>,
    /// How often the document of a node was looked for.
    pub lookups: BTreeMap<NodeId, u32>,
    /// Slots of which too few nodes tell.
    pub silent: BTreeSet<u8>,
    /// Slots into which nobody can write any more.
    pub exhausted: BTreeSet<u8>,
}

impl VirtualDht {
    fn is_exhausted(&self, _: &Nickname, slot: u8) -> bool {
        self.exhausted.contains(&slot)
    }
}

pub struct World {
    pub hosts: Vec<Host>,
    pub dht: VirtualDht,
    pub now_ms: u64,
    pub carrying: Carrying,
    /// Flows that a router has taken for its own, and since when: (whose router, from whom).
    taken_ports: BTreeMap<(usize, usize), u64>,
    agenda: BTreeMap<(u64, u64), (usize, Input)>,
    counter: u64,
}

/// The key of the node with that number.
fn key(number: u8) -> IdentityKey {
    IdentityKey::from_seed(&[number; 32])
}

pub fn id(number: u8) -> NodeId {
    key(number).id()
}

fn address(index: usize) -> SocketAddr {
    format!("10.0.0.{}:7771", index + 1).parse().expect("an address")
}

fn stun_entrypoint(index: usize) -> Entrypoint {
    format!("stun://10.0.0.{}:3478", index + 1).parse().expect("an entrypoint")
}

pub fn entrypoint(index: usize) -> Entrypoint {
    Entrypoint { transport: bitpie::name::tcp_name(), address: address(index) }
}

pub fn message(byte: u8) -> PacketId {
    PacketId([byte; 16])
}

impl World {
    /// So many nodes, each of which knows all others as contacts if `are_contacts`.
    pub fn new(count: usize, are_contacts: bool) -> World {
        Self::acquainted(count, |_, _| are_contacts, |_| SESSION_LIMIT)
    }

    /// So many nodes, each of which knows those others as contacts, and takes so many sessions.
    pub fn acquainted(count: usize, is_contact: impl Fn(usize, usize) -> bool, room: impl Fn(usize) -> usize) -> World {
        let mut world = World {
            hosts: Vec::new(),
            dht: VirtualDht::default(),
            now_ms: 0,
            carrying: Carrying::default(),
            taken_ports: BTreeMap::new(),
            agenda: BTreeMap::new(),
            counter: 0,
        };
        for index in 0..count {
            let others = (0..count).filter(|other| *other != index && is_contact(index, *other));
            let contacts: Vec<usize> = others.collect();
            world.hosts.push(host(index, &contacts, Vec::new(), room(index)));
        }
        world
    }

    /// A node that asks its router, which lets others through there; nowhere, if it maps no ports. Before it begins.
    pub fn put_behind_router(&mut self, index: usize, router: Option<SocketAddr>) {
        let rules = MappingRules { is_private_network: true, in_private_networks: true };
        self.hosts[index] = Host { router, ..host_by(rules, index, &[], Vec::new(), SESSION_LIMIT) };
    }

    pub fn begin(&mut self, index: usize) {
        self.tell(index, 0, Input::Begin);
    }

    /// The program is to end.
    pub fn stop(&mut self, index: usize) {
        let stop = Message::NodeLife(BusInput::Event(node_life::Event::Stop));
        self.tell(index, 0, Input::Event(stop));
    }

    /// The user starts or stops a service.
    pub fn switch(&mut self, index: usize, request: RequestId, service: ServiceName, is_to_be_on: bool) {
        use local_service::Event::{StartRequested, StopRequested};
        let event = if is_to_be_on { StartRequested { request } } else { StopRequested { request } };
        self.tell(index, 0, Input::Event(Message::LocalService(service, BusInput::Event(event))));
    }

    /// The user wants to know whether a node is there.
    pub fn reach(&mut self, index: usize, peer: NodeId) {
        let asked = BusInput::Event(reachability::Event::Asked);
        self.tell(index, 0, Input::Event(Message::Reachability(peer, asked)));
    }

    pub fn begin_all(&mut self) {
        (0..self.hosts.len()).for_each(|index| self.begin(index));
    }

    /// The program dies, and is started again with what was on its disk. Its sockets are reset after `reset_ms`, or
    /// never.
    pub fn crash(&mut self, index: usize, reset_ms: Option<u64>) {
        let old = &self.hosts[index];
        let contacts: Vec<usize> =
            (0..self.hosts.len()).filter(|other| old.core.world().contacts.contains(&id(*other as u8 + 1))).collect();
        let remembered: Vec<KnownPeer> = old.remembered.values().cloned().collect();
        let wires: Vec<(usize, SessionId)> = old.wires.values().copied().collect();
        let mut new = host(index, &contacts, remembered, old.room);
        new.outbox.clone_from(&old.outbox);
        new.seen.clone_from(&old.seen);
        new.inbox.clone_from(&old.inbox);
        new.revision = old.revision;
        new.store_failures = old.store_failures;
        new.published.clone_from(&old.published);
        self.hosts[index] = new;
        self.agenda.retain(|_, (of, _)| *of != index);
        for (other, session) in wires {
            self.hosts[other].wires.remove(&session);
            if let Some(reset_ms) = reset_ms {
                self.tell(other, reset_ms, closed(session, CloseReason::Failed));
            }
        }
        self.begin(index);
    }

    pub fn tell(&mut self, index: usize, delay_ms: u64, input: Input) {
        self.counter += 1;
        self.agenda.insert((self.now_ms + delay_ms, self.counter), (index, input));
    }

    /// The user reads a message of that node, and wants it known.
    pub fn read(&mut self, index: usize, sender: NodeId, message: PacketId) {
        self.hosts[index].receipts.insert((sender, message));
        self.tell(index, 0, Input::Event(Message::ReadReceipts(sender, BusInput::Event(read_receipts::Event::Look))));
    }

    pub fn write(&mut self, from: usize, to: usize, byte: u8) {
        let peer = id(to as u8 + 1);
        self.hosts[from].outbox.insert(message(byte), (peer, DeliveryState::Queued));
        let queued = self.queued(from, message(byte), peer);
        self.tell(from, 0, Input::MessageQueued(queued));
    }

    fn queued(&self, _: usize, message: PacketId, peer: NodeId) -> QueuedMessage {
        let expires_unix_ms = EPOCH_MS + self.now_ms + 7 * 86_400_000;
        QueuedMessage { message, peer, expires_unix_ms, attempts: 0, pause_ms: 0 }
    }

    /// Runs until that time.
    pub fn run_for(&mut self, length_ms: u64) {
        let end_ms = self.now_ms + length_ms;
        self.run_until_or(end_ms, |_| false);
        self.now_ms = end_ms;
    }

    /// Runs until it holds, for ten minutes at most.
    pub fn run_until(&mut self, what: &str, holds: impl Fn(&World) -> bool) {
        let end_ms = self.now_ms + 600_000;
        assert!(self.run_until_or(end_ms, holds), "{what}: not within ten minutes\n{}", self.describe());
    }

    fn run_until_or(&mut self, end_ms: u64, holds: impl Fn(&World) -> bool) -> bool {
        loop {
            if holds(self) {
                return true;
            }
            let next_input = self.agenda.keys().next().map(|(at_ms, _)| *at_ms);
            let deadlines =
                self.hosts.iter().enumerate().filter_map(|(index, host)| Some((host.core.poll_deadline()?, index)));
            let next_timer = deadlines.min();
            let Some(next_ms) = next_input.into_iter().chain(next_timer.map(|(at_ms, _)| at_ms)).min() else {
                return false;
            };
            if next_ms > end_ms {
                return false;
            }
            self.now_ms = self.now_ms.max(next_ms);
            match next_timer.filter(|(at_ms, _)| *at_ms <= self.now_ms) {
                Some((_, index)) => {
                    let now = self.now(index);
                    self.hosts[index].core.advance(now);
                    self.carry_out(index);
                }
                None => {
                    let Some((_, (index, input))) = self.agenda.pop_first() else { return false };
                    let now = self.now(index);
                    self.hosts[index].core.handle(now, input);
                    self.carry_out(index);
                }
            }
        }
    }

    fn now(&self, index: usize) -> Now {
        Now { ms: self.now_ms, unix_ms: EPOCH_MS + self.now_ms + self.hosts[index].skew_ms }
    }

    fn carry_out(&mut self, index: usize) {
        while let Some(command) = self.hosts[index].core.poll_command() {
            self.command(index, command);
        }
    }

    fn command(&mut self, index: usize, command: Command) {
        match command {
            Command::Outside(command) => self.outside(index, command),
            Command::Dial { session, entrypoint, .. } => self.dial(index, session, &entrypoint),
            Command::DialThrough { session, through, expected, .. } => {
                self.dial_through(index, session, through, expected)
            }
            Command::ProbeRouter { session, .. } => {
                self.hosts[index].probed.push(session);
                let answers =
                    self.hosts[index].wires.get(&session).is_some_and(|(other, _)| self.hosts[*other].router_answers);
                self.tell(index, 25, Input::Session(session, SessionInput::RouterProbed { answers }));
            }
            Command::SendFrame(session, frame) => self.frame(index, session, frame),
            Command::SendPacket { session, packet } => self.packet(index, session, &packet),
            Command::SendMessage { session, message, recipient } => {
                let is_sent = self.hosts[index].wires.contains_key(&session);
                self.tell(index, 1, Input::Transmitted { message, session, is_sent });
                let sender = self.hosts[index].id;
                self.packet(
                    index,
                    session,
                    &Packet {
                        kind: PacketKind::Message,
                        id: message,
                        sender,
                        recipient,
                        time_unix_ms: EPOCH_MS + self.now_ms,
                        answers: None,
                        payload: vec![1],
                    },
                );
            }
            Command::CommitMessage { session, packet } => {
                let Packet { sender, id: packet, .. } = *packet.packet();
                let host = &mut self.hosts[index];
                if host.is_store_stuck {
                    return;
                }
                if host.seen.insert((sender, packet)) {
                    host.inbox.push((sender, packet));
                }
                self.tell(index, 3, Input::MessagesCommitted { session, sender, packets: vec![packet] });
            }
            Command::CommitIdentity { session, packet } => {
                let Packet { sender, id: packet, .. } = *packet.packet();
                let of = self.hosts.iter().position(|host| host.id == sender).expect("senders are hosts");
                let entrypoints = Some(self.hosts[of].published.clone());
                let relays = self.hosts[of].offers_relay;
                self.tell(index, 3, Input::IdentityCommitted { session, sender, packet, entrypoints, relays });
            }
            Command::BuildIdentity { .. } if self.fails(index) => {
                self.tell(index, 5, Input::IdentityFailed { reason: "the disk is full".to_owned() });
            }
            Command::BuildIdentity { entrypoints, services } => {
                let host = &mut self.hosts[index];
                let offers_relay = services.iter().any(|service| service.as_str() == "relay");
                let services_changed = std::mem::replace(&mut host.offers_relay, offers_relay) != offers_relay;
                let name = host.core.world().nickname.wanted.clone();
                let contacts_changed = host.published != entrypoints;
                let name_changed = host.core.world().identity.name != name;
                let identity_changed = (name_changed || services_changed) && !contacts_changed;
                if contacts_changed || identity_changed {
                    host.revision += 1;
                    host.published = entrypoints;
                }
                let revision = host.revision;
                let document = [0].as_slice().into();
                let built = IdentityBuilt { contacts_changed, identity_changed, document, revision, name };
                self.tell(index, 5, Input::IdentityBuilt(built));
            }
            Command::FindDelivered { message, peer } => {
                if let Some((to, state)) = self.hosts[index].outbox.get_mut(&message)
                    && *to == peer
                {
                    *state = DeliveryState::Read;
                }
            }
            Command::RememberPeer(record) => {
                self.hosts[index].remembered.insert(record.id, *record);
            }
            Command::CountPresence(counted) => {
                for (peer, is_here) in counted {
                    let (here, all) = self.hosts[index].minutes.entry(peer).or_default();
                    *here += u32::from(is_here);
                    *all += 1;
                }
            }
            Command::FindIdentity(peer) => self.find_identity(index, peer),
            Command::NicknameTaken { .. } => {}
            Command::ReportNickname { result, nickname, index: slot } => {
                self.hosts[index].nickname_reports.push((result, nickname, slot));
            }
            Command::Report { what, reason } => self.hosts[index].reports.push(format!("{what}: {reason}")),
            Command::Answer(request, result) => self.hosts[index].answers.push((request.0, format!("{result:?}"))),
        }
    }

    fn outside(&mut self, index: usize, command: outside::Command) {
        match command {
            // Nobody asks there.
            outside::Command::ApiPorts(ApiPorts::ApiPortOpen { service }) => {
                let address = SocketAddr::from(([127, 0, 0, 1], 38_081));
                let opened = BusInput::Event(api_port::Event::Opened { address, gave_way: false });
                self.tell(index, 0, Input::Event(Message::ApiPort(service, opened)));
            }
            outside::Command::ApiPorts(ApiPorts::ApiPortClose { .. } | ApiPorts::ApiPortTryPort { .. }) => {}
            outside::Command::Dht(command) => self.dht(index, command),
            outside::Command::Network(command) => self.network(index, &command),
            outside::Command::Router(command) => self.router(index, command),
            outside::Command::Transports(command) => self.transports(index, command),
            outside::Command::Store(Store::MessageDeliveryRecord { message, state, .. }) => {
                self.hosts[index].outbox.get_mut(&message).expect("it is ours").1 = state;
            }
            outside::Command::Store(Store::NodeLifeForgetOld) => self.hosts[index].tidied += 1,
            outside::Command::Store(Store::ReadReceiptsFind { peer, .. }) => {
                let waiting = self.hosts[index].receipts.iter().filter(|(sender, _)| *sender == peer);
                let messages = waiting.map(|(_, message)| *message).collect();
                let found = BusInput::Event(read_receipts::Event::Found { messages });
                self.tell(index, 1, Input::Event(Message::ReadReceipts(peer, found)));
            }
            outside::Command::Store(Store::ReadReceiptsNoteCome { peer, messages }) => {
                self.hosts[index].receipts.retain(|(sender, message)| *sender != peer || !messages.contains(message));
            }
            outside::Command::Store(Store::MessageDeliveryRecordRefusal { message, reason }) => {
                self.hosts[index].refused.insert(message, reason);
            }
            outside::Command::Store(Store::OutboxLoad) if self.fails(index) => {
                let failed = BusInput::Event(outbox::Event::LoadFailed { reason: "the disk is full".to_owned() });
                self.tell(index, 2, Input::Event(Message::Outbox(failed)));
            }
            outside::Command::Store(Store::OutboxLoad) => {
                for (message, (peer, state)) in self.hosts[index].outbox.clone() {
                    if matches!(state, DeliveryState::Queued | DeliveryState::Sent) {
                        let queued = self.queued(index, message, peer);
                        self.tell(index, 2, Input::MessageQueued(queued));
                    }
                }
                let loaded = BusInput::Event(outbox::Event::Loaded);
                self.tell(index, 2, Input::Event(Message::Outbox(loaded)));
            }
            outside::Command::User(User::ContactStatusReportConnected { peer }) => {
                self.hosts[index].online.insert(peer, true);
            }
            outside::Command::User(User::ContactStatusReportDisconnected { peer }) => {
                self.hosts[index].online.insert(peer, false);
            }
            outside::Command::User(User::NicknameObserverReportClaimant { search, index: slot, claimant }) => {
                self.hosts[index].found.entry(search).or_default().claimants.push((slot, claimant));
            }
            outside::Command::User(User::NicknameObserverReportEnd { search, complete, answered }) => {
                let ended = self.hosts[index].found.entry(search).or_default();
                (ended.is_complete, ended.answered) = (Some(complete), answered);
            }
            outside::Command::User(User::ReachabilityReport { peer, reached }) => {
                self.hosts[index].reached.insert(peer, reached);
            }
        }
    }

    /// Whether its store refuses once more.
    fn fails(&mut self, index: usize) -> bool {
        let left = &mut self.hosts[index].store_failures;
        let fails = *left > 0;
        *left = left.saturating_sub(1);
        fails
    }

    fn network(&mut self, index: usize, command: &Network) {
        use network_connector::Event;
        let is_plugged = self.hosts[index].is_plugged;
        let event = match command {
            Network::LanDiscoverySearch => {
                let host = &mut self.hosts[index];
                let entrypoints = host.core.world().identity.entrypoints.values().flatten().cloned().collect();
                host.announced = Some(entrypoints);
                let searching = BusInput::Event(lan_discovery::Event::Searching);
                return self.tell(index, 5, Input::Event(Message::LanDiscovery(searching)));
            }
            Network::LanDiscoveryLeave => {
                self.hosts[index].announced = None;
                return;
            }
            Network::NetworkConnectorCheckInterfaces => {
                Event::NetworkInfoReceived { active: is_plugged, same_interfaces: is_plugged }
            }
            Network::NetworkConnectorProbeInternet if is_plugged => Event::InternetReached,
            Network::NetworkConnectorProbeInternet => Event::InternetMissing,
            Network::NetworkConnectorSetUp => Event::NetworkUp,
        };
        let delay_ms = if *command == Network::NetworkConnectorSetUp { 0 } else { 5 };
        self.tell(index, delay_ms, Input::Event(Message::NetworkConnector(BusInput::Event(event))));
    }

    /// The router of that host, if it maps ports.
    fn router(&mut self, index: usize, command: Router) {
        use port_mapping::Event;
        let host = &mut self.hosts[index];
        let (transport, event) = match command {
            Router::PortMappingRequestMapping { transport, lifetime } => {
                host.mapping_requests += 1;
                let event = match host.router {
                    Some(address) => {
                        let external = Entrypoint { transport: transport.clone(), address };
                        host.is_mapped = true;
                        Event::Mapped { external, lifetime, protocol: MappingProtocol::Pcp }
                    }
                    None => Event::MappingFailed { reason: "it does not answer".to_owned() },
                };
                (transport, event)
            }
            Router::PortMappingRemoveMapping { transport } => {
                host.is_mapped = false;
                (transport, Event::MappingRemoved)
            }
        };
        self.tell(index, 30, Input::Event(Message::PortMapping(transport, BusInput::Event(event))));
    }

    fn transports(&mut self, index: usize, command: Transports) {
        match command {
            Transports::NetworkTransportInitialise { transport } => {
                let initialised = BusInput::Event(network_transport::Event::Initialised);
                self.tell(index, 0, Input::Event(Message::NetworkTransport(transport, initialised)));
            }
            Transports::NetworkTransportTryPort { transport } => {
                let taken = BusInput::Event(network_transport::Event::PortTaken);
                self.tell(index, 0, Input::Event(Message::NetworkTransport(transport, taken)));
            }
            Transports::NetworkTransportStartReceiving { transport } => {
                self.hosts[index].listening.insert(transport.clone());
                let at = Entrypoint { transport: transport.clone(), address: address(index) };
                let input = TransportInput::Listening { entrypoints: vec![at], gave_way: false };
                self.tell(index, 5, Input::Transport(transport, input));
            }
            Transports::NetworkTransportStopReceiving { transport } => {
                self.hosts[index].listening.remove(&transport);
                self.tell(index, 5, Input::Transport(transport, TransportInput::Stopped));
            }
            Transports::TcpConnectionOpenStream { .. }
            | Transports::QuicConnectionOpenStream { .. }
            | Transports::PeerProtocolAdmit { .. } => {}
            Transports::StunServerOpen => {
                let at = stun_entrypoint(index);
                let entrypoints = Some(at).filter(|_| self.hosts[index].offers_stun).into_iter().collect();
                let serving = stun_server::Event::Serving { entrypoints, gave_way: false };
                self.tell(index, 5, Input::Event(Message::StunServer(BusInput::Event(serving))));
            }
            Transports::StunServerTryPort => {
                let taken = BusInput::Event(stun_server::Event::PortTaken);
                self.tell(index, 0, Input::Event(Message::StunServer(taken)));
            }
            Transports::StunClientAsk { peer, server } => self.ask_by_stun(index, peer, server),
            // Nothing is lost that could be sent again; and sockets have nothing to close.
            Transports::StunServerClose
            | Transports::StunClientAskAgain { .. }
            | Transports::StunClientClose { .. } => {}
            Transports::PeerProtocolSendHello { session } => {
                let host = &self.hosts[index];
                let hello = Hello::new(host.network, self.now(index).unix_ms, Some(entrypoint(index)));
                self.frame(index, session, Frame::Hello(hello));
            }
            Transports::PeerProtocolSendPeerId { session } => {
                let host = &self.hosts[index];
                let says = peer_protocol::Event::PeerIdReceived {
                    peer: host.id,
                    proven: true,
                    document_valid: true,
                    entrypoints: host.published.clone(),
                    relays: host.offers_relay,
                };
                self.tell_peer(index, session, |theirs, _| {
                    Some(Message::PeerProtocol(theirs, BusInput::Event(says.clone())))
                });
            }
            Transports::TcpConnectionBeginHandshake { session }
            | Transports::QuicConnectionBeginHandshake { session } => {
                let Some(&(other, theirs)) = self.hosts[index].wires.get(&session) else { return };
                let (me, peer) = (self.hosts[index].id, self.hosts[other].id);
                self.tell(index, 2 * DELAY_MS, Input::Session(session, SessionInput::Authenticated { peer }));
                self.tell(other, 3 * DELAY_MS, Input::Session(theirs, SessionInput::Authenticated { peer: me }));
            }
            Transports::TcpConnectionSendKeepAlive { session }
            | Transports::QuicConnectionSendKeepAlive { session } => {
                let Some(&(other, theirs)) = self.hosts[index].wires.get(&session) else { return };
                self.tell(other, DELAY_MS, Input::Session(theirs, SessionInput::KeepAlive));
            }
            Transports::TcpConnectionCloseSocket { session } | Transports::QuicConnectionCloseSocket { session } => {
                self.tell(index, 1, closed(session, CloseReason::Local));
                if let Some((other, theirs)) = self.hosts[index].wires.remove(&session) {
                    self.hosts[other].wires.remove(&theirs);
                    self.tell(other, DELAY_MS, closed(theirs, CloseReason::Remote));
                }
                self.line_closed(index, session);
            }
            Transports::RelayCircuitOffer { circuit, target, peer } => self.offer(index, circuit, target, peer),
            Transports::RelayCircuitJoin { circuit } => self.join(circuit),
            Transports::RelayCircuitTurnDown { circuit, .. } => self.turn_down(circuit),
            Transports::RelayCircuitTake { circuit, .. } => self.take(index, circuit),
            Transports::RelayCircuitCut { circuit } => self.cut(circuit),
        }
    }

    /// A node with a server answers, if the cable is plugged at both ends.
    fn ask_by_stun(&mut self, index: usize, peer: NodeId, server: Option<SocketAddr>) {
        let asked = self.hosts.iter().position(|host| host.id == peer).map(|other| (other, &self.hosts[other]));
        let Some((_, host)) = asked.filter(|(other, _)| server == Some(stun_entrypoint(*other).address)) else {
            return;
        };
        if host.offers_stun && host.is_plugged && self.hosts[index].is_plugged {
            let at = SocketAddr::new(address(index).ip(), 40_000);
            let answered = stun_client::Event::Answered { socket: OurSocket::Single, local: at, mapped: at };
            let input = Input::Event(Message::StunClient(peer, BusInput::Event(answered)));
            self.tell(index, 2 * DELAY_MS, input);
        }
    }

    fn find_identity(&mut self, index: usize, peer: NodeId) {
        if !self.hosts[index].is_plugged {
            return;
        }
        let document = self.dht.documents.get(&peer).filter(|_| !self.dht.has_no_documents);
        let entrypoints = document.cloned();
        *self.dht.lookups.entry(peer).or_default() += 1;
        self.tell(index, 50, Input::Dht(DhtInput::IdentityRead { peer, entrypoints }));
    }

    /// The DHT, as all nodes see it: what one writes, all others read.
    fn dht(&mut self, index: usize, command: Dht) {
        let is_plugged = self.hosts[index].is_plugged;
        let me = self.hosts[index].id;
        let answer = |world: &mut Self, delay_ms, input| world.tell(index, delay_ms, Input::Dht(input));
        let event = |world: &mut Self, delay_ms, message| world.tell(index, delay_ms, Input::Event(message));
        let connector = |event| Message::DhtConnector(BusInput::Event(event));
        match command {
            Dht::DhtConnectorOpen => answer(self, 5, DhtInput::Opened),
            Dht::DhtConnectorLook if is_plugged => event(self, 20, connector(dht_connector::Event::Answered)),
            Dht::DhtConnectorLook => event(self, 200, connector(dht_connector::Event::Alone)),
            Dht::DhtConnectorSaveNodes | Dht::DhtConnectorClose | Dht::NicknameObserverCancelReading { .. } => {}
            _ if !is_plugged => {}
            Dht::IdentityPublisherPublish => {
                let published = self.hosts[index].published.clone();
                self.dht.documents.insert(me, published);
                *self.dht.writings.entry(me).or_default() += 1;
                event(self, 50, Message::IdentityPublisher(BusInput::Event(identity_publisher::Event::Published)));
            }
            Dht::NicknameHolderReadSlot { nickname: Some(nickname), index: slot } => {
                let holder = self.claimants(&nickname, slot).first().copied();
                let state = judge(&Slot::new("test", nickname, slot), &me, holder.as_ref());
                answer(self, 50, DhtInput::SlotRead(state));
            }
            Dht::NicknameHolderWriteSlot { nickname: Some(nickname), index: slot }
                if self.dht.is_exhausted(&nickname, slot) =>
            {
                let reason = "its numbers are used up".to_owned();
                answer(self, 80, DhtInput::SlotWriteFailed { reason, is_exhausted: true });
            }
            Dht::NicknameHolderWriteSlot { nickname: Some(nickname), index: slot } => {
                // One record: whoever writes last is read.
                self.dht.slots.insert((nickname, slot), me);
                event(self, 80, Message::NicknameHolder(BusInput::Event(nickname_holder::Event::SlotWritten)));
            }
            Dht::NicknameHolderEraseSlot { nickname: Some(nickname), index: slot } => {
                if self.dht.slots.get(&(nickname.clone(), slot)) == Some(&me) {
                    self.dht.slots.remove(&(nickname, slot));
                }
                answer(self, 80, DhtInput::SlotErased { problem: None });
            }
            Dht::NicknameHolderReadSlot { nickname: None, .. }
            | Dht::NicknameHolderWriteSlot { nickname: None, .. }
            | Dht::NicknameHolderEraseSlot { nickname: None, .. } => panic!("the holder has no name"),
            Dht::NicknameObserverReadSlots { search, nickname, slots, .. } => {
                for slot in 0..slots {
                    let claimant = self.claimants(&nickname, slot).first().copied();
                    let entrypoints = claimant.and_then(|id| self.dht.documents.get(&id).cloned()).unwrap_or_default();
                    let delay_ms = 30 + 20 * u64::from(slots - slot);
                    let is_answered = !self.dht.silent.contains(&slot);
                    let read = DhtInput::SearchSlotRead { search, index: slot, claimant, is_answered, entrypoints };
                    answer(self, delay_ms, read);
                }
            }
        }
    }

    /// Whose claim in a slot counts: the claimant's own document has to name the nickname.
    fn claimants(&self, nickname: &Nickname, slot: u8) -> Vec<NodeId> {
        let claimant = self.dht.slots.get(&(nickname.clone(), slot)).copied();
        let names_it = |id: &NodeId| {
            let host = self.hosts.iter().find(|host| host.id == *id);
            host.is_none_or(|host| host.core.world().nickname.wanted.as_ref() == Some(nickname))
        };
        claimant.filter(names_it).into_iter().collect()
    }

    fn dial(&mut self, index: usize, session: SessionId, to: &Entrypoint) {
        self.hosts[index].dialled.push((self.now_ms, to.clone()));
        let other = (0..self.hosts.len()).find(|other| self.is_open(*other, index, to));
        let reachable = other.filter(|other| {
            let host = &self.hosts[*other];
            host.is_plugged && host.listening.contains(&to.transport) && self.hosts[index].is_plugged
        });
        let Some(other) = reachable else {
            self.knock(index, to);
            self.tell(index, 50, closed(session, CloseReason::Failed));
            return;
        };
        let host = &mut self.hosts[other];
        host.accepted += 2;
        let theirs = host.accepted - 1;
        host.wires.insert(theirs, (index, session));
        self.hosts[index].wires.insert(session, (other, theirs));
        let (transport, remote) = (to.transport.clone(), self.outer(index));
        self.tell(other, DELAY_MS, Input::Session(theirs, SessionInput::Accepted { transport, remote, through: None }));
        self.tell(index, DELAY_MS, Input::Session(session, SessionInput::Connected));
    }

    /// A packet comes unasked. A router that answers it takes the port of that flow for itself, for a while.
    fn knock(&mut self, index: usize, to: &Entrypoint) {
        let knocked = (0..self.hosts.len()).find(|other| self.outer(*other) == to.address);
        if let Some(other) = knocked.filter(|other| self.hosts[*other].router_answers) {
            self.taken_ports.insert((other, index), self.now_ms);
        }
    }

    /// What that host sends to the other one leaves by a port that nobody knows.
    fn leaves_elsewhere(&self, host: usize, other: usize) -> bool {
        self.taken_ports.get(&(host, other)).is_some_and(|at_ms| self.now_ms < at_ms + 30_000)
    }

    /// Where others see a host: behind a router, at an address that stands in no document.
    fn outer(&self, index: usize) -> SocketAddr {
        let mut address = self.hosts[index].address;
        if self.hosts[index].is_behind_router {
            address.set_port(40_000);
        }
        address
    }

    /// Whether whoever dials this address gets to that host: behind a router, if the host has dialled them over UDP a
    /// moment ago.
    fn is_open(&self, host: usize, dialler: usize, to: &Entrypoint) -> bool {
        let sent_to_dialler = |(at_ms, sent): &(u64, Entrypoint)| {
            let is_udp = sent.transport == to.transport && to.transport == bitpie::name::udp_name();
            is_udp && sent.address == self.outer(dialler) && self.now_ms < at_ms + 5_000
        };
        let is_there = self.outer(host) == to.address;
        is_there
            && !self.leaves_elsewhere(dialler, host)
            && (!self.hosts[host].is_behind_router
                || !self.hosts[host].lets_nobody_in && self.hosts[host].dialled.iter().rev().any(sent_to_dialler))
    }

    /// Sends a packet of that kind to the one peer that there is, and tells its id.
    pub fn say(&mut self, index: usize, kind: PacketKind, answers: Option<PacketId>) -> PacketId {
        let (&session, &(other, _)) = self.hosts[index].wires.first_key_value().expect("there is a session");
        let (sender, recipient) = (self.hosts[index].id, self.hosts[other].id);
        let id = message(99);
        let time_unix_ms = EPOCH_MS + self.now_ms;
        self.packet(
            index,
            session,
            &Packet { kind, id, sender, recipient, time_unix_ms, answers, payload: Vec::new() },
        );
        id
    }

    /// A packet, signed as its host's number says.
    fn packet(&mut self, index: usize, session: SessionId, packet: &Packet) {
        let signed = packet.sign(&key(index as u8 + 1)).expect("it is short");
        self.frame(index, session, Frame::Packet(signed.as_bytes().to_vec()));
    }

    /// A frame, which is decoded on the other side as a node does.
    pub fn frame(&mut self, index: usize, session: SessionId, frame: Frame) {
        let unix_ms = EPOCH_MS + self.now_ms;
        self.tell_peer(index, session, |theirs, other| {
            inbound::event(theirs, frame.clone(), other.network, unix_ms + other.skew_ms)
        });
    }

    fn tell_peer(&mut self, index: usize, session: SessionId, event: impl FnOnce(SessionId, &Host) -> Option<Message>) {
        let Some(&(other, theirs)) = self.hosts[index].wires.get(&session) else { return };
        if self.hosts[index].is_plugged && self.hosts[other].is_plugged && self.is_line_whole(index, session) {
            let event = event(theirs, &self.hosts[other]);
            self.tell(other, DELAY_MS, Input::Session(theirs, SessionInput::Frame(event)));
        }
    }

    pub fn is_online(&self, index: usize, other: usize) -> bool {
        self.hosts[index].online.get(&id(other as u8 + 1)) == Some(&true)
    }

    pub fn state_of(&self, index: usize, byte: u8) -> DeliveryState {
        self.hosts[index].outbox[&message(byte)].1
    }

    pub fn sessions(&self, index: usize) -> usize {
        self.hosts[index].core.world().sessions.len()
    }

    /// Refusals that a host has told others, by name.
    pub fn refusals(&self, index: usize, reason: Refusal) -> u64 {
        self.hosts[index].core.world().counters.refused.get(&snake_case(&reason)).copied().unwrap_or(0)
    }

    /// Everything that was delivered to a host's automata.
    pub fn records(&mut self, index: usize) -> Vec<Record> {
        self.hosts[index].core.recorder_mut().0.clone()
    }

    /// Deliveries that the definitions do not provide for.
    pub fn odd(&mut self) -> Vec<String> {
        use automata_runtime::Outcome::{AlreadyThere, DeferFull, NoSuchInstance, Unexpected};
        let mut odd = Vec::new();
        for index in 0..self.hosts.len() {
            for record in self.records(index) {
                if matches!(record.outcome, Unexpected | NoSuchInstance | AlreadyThere | DeferFull)
                    || !record.faults.is_empty()
                {
                    let (at_ms, instance, event) = (record.at_ms, &record.instance, &record.event);
                    odd.push(format!("{index} {at_ms} {instance} {event} {:?} in {:?}", record.outcome, record.before));
                }
            }
        }
        odd
    }

    fn describe(&self) -> String {
        let mut text = String::new();
        for (index, host) in self.hosts.iter().enumerate() {
            let records = &host.core.bus().recorder().0;
            for record in records.iter().rev().take(40).rev() {
                text += &format!(
                    "{index} {:>7} {} {} {:?} {:?} -> {:?}\n",
                    record.at_ms, record.instance, record.event, record.outcome, record.before, record.after
                );
            }
        }
        text
    }
}

/// Services that are on: the usual ones, and the one that looks around.
pub fn usual_services() -> impl DoubleEndedIterator<Item = &'static Service> {
    SERVICES.iter().filter(|service| service.is_enabled || service.name == "lan-discovery")
}

pub fn closed(session: SessionId, reason: CloseReason) -> Input {
    let detail = format!("{reason:?}");
    Input::Session(session, SessionInput::Closed { reason, detail, chance_ms: 100 + 37 * (session % 7) })
}

fn host(index: usize, contacts: &[usize], peers: Vec<KnownPeer>, room: usize) -> Host {
    let rules = MappingRules { is_private_network: true, in_private_networks: false };
    host_by(rules, index, contacts, peers, room)
}

fn host_by(mapping_rules: MappingRules, index: usize, contacts: &[usize], peers: Vec<KnownPeer>, room: usize) -> Host {
    let beginning = Beginning {
        me: id(index as u8 + 1),
        chance: [index as u8; 32],
        enabled: usual_services().map(Service::service_name).collect(),
        contacts: contacts.iter().map(|other| (id(*other as u8 + 1), Vec::new())).collect(),
        bootstrap: contacts.iter().map(|other| (id(*other as u8 + 1), vec![entrypoint(*other)])).collect(),
        peers,
        network: "test".to_owned(),
        is_private_network: true,
        mapping_rules,
        refused: Vec::new(),
        places: Places { inbound: room, inbound_per_address: room },
        relay_rules: RelayRules { circuits: 8, circuits_per_peer: 2, friends_only: false },
        outgoing_limit: room,
        nickname: None,
        document: [0].as_slice().into(),
        document_name: None,
    };
    Host {
        core: Node::new(beginning, Settings::default(), Records::default()),
        id: id(index as u8 + 1),
        address: address(index),
        skew_ms: 0,
        network: "test",
        is_plugged: true,
        room,
        listening: BTreeSet::new(),
        is_behind_router: false,
        lets_nobody_in: false,
        router_answers: false,
        offers_relay: false,
        wires: BTreeMap::new(),
        accepted: 0,
        revision: 0,
        published: Vec::new(),
        outbox: BTreeMap::new(),
        refused: BTreeMap::new(),
        inbox: Vec::new(),
        seen: BTreeSet::new(),
        online: BTreeMap::new(),
        remembered: BTreeMap::new(),
        reports: Vec::new(),
        answers: Vec::new(),
        minutes: BTreeMap::new(),
        dialled: Vec::new(),
        probed: Vec::new(),
        announced: None,
        receipts: BTreeSet::new(),
        offers_stun: false,
        tidied: 0,
        is_store_stuck: false,
        store_failures: 0,
        nickname_reports: Vec::new(),
        found: BTreeMap::new(),
        reached: BTreeMap::new(),
        router: None,
        is_mapped: false,
        mapping_requests: 0,
    }
}
