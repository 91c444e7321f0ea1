//! The world around the automata, in memory: a network that can be unplugged, a DHT with two names in it, one other node, and services
//! with their dependencies. It answers every action as the rim of the node would, after a while of virtual time.

use std::collections::{BTreeMap, BTreeSet};

use crate::automata::senders::{
    contacts, dht, gateway, handshake, identity, network, node, private_messages, services, tcp_transport,
};
use crate::automata::system::{Action, Message};
use crate::automata::types::{CloseReason, ServiceResult, SlotState};
use crate::automata::{
    contact_status, local_service, network_connector, network_transport, nickname_holder, nickname_observer,
    p2p_connector, tcp_connection,
};
use crate::identity::NodeId;
use crate::nickname::Nickname;
use crate::node::RequestId;
use crate::services::ServiceName;
use crate::transports::TransportName;

/// Services, and what they depend on.
const SERVICES: &[(&str, &[&str])] = &[
    ("gateway", &[]),
    ("tcp-transport", &["gateway"]),
    ("p2p-hookups", &["tcp-transport"]),
    ("private-messages", &["p2p-hookups"]),
];

/// Our own name, and hers.
const OUR_NICKNAME: &str = "bob";
const ALICE_NICKNAME: &str = "alice";

/// Somebody who has not been heard of for so long may be gone.
const LATELY_MS: u64 = 120_000;

/// The world. Its fields that are public are what the story changes.
pub struct World {
    /// The cable is in.
    pub network_is_plugged: bool,
    /// Her machine answers.
    pub alice_is_awake: bool,
    now_ms: u64,
    /// What will be told to the automata, by time, then in the order in which it was decided.
    agenda: BTreeMap<(u64, u64), Message>,
    decided: u64,
    requests: u64,
    services_on: BTreeSet<&'static str>,
    services_wanted: BTreeSet<&'static str>,
    /// Wait for what they depend on.
    waiting: BTreeSet<&'static str>,
    /// Wait for those that depend on them.
    leaving: BTreeSet<&'static str>,
    listening: BTreeSet<TransportName>,
    published: BTreeSet<TransportName>,
    contacts_online: BTreeSet<NodeId>,
    contacts_known: BTreeSet<NodeId>,
    sessions: BTreeMap<u64, NodeId>,
    last_packet_ms: u64,
    our_slot_is_written: bool,
}

impl Default for World {
    fn default() -> Self {
        Self {
            network_is_plugged: true,
            alice_is_awake: false,
            now_ms: 0,
            agenda: BTreeMap::new(),
            decided: 0,
            requests: 0,
            services_on: BTreeSet::new(),
            services_wanted: BTreeSet::new(),
            waiting: BTreeSet::new(),
            leaving: BTreeSet::new(),
            listening: BTreeSet::new(),
            published: BTreeSet::new(),
            contacts_online: BTreeSet::new(),
            contacts_known: BTreeSet::new(),
            sessions: BTreeMap::new(),
            last_packet_ms: 0,
            our_slot_is_written: false,
        }
    }
}

/// The other node.
pub fn alice() -> NodeId {
    NodeId::from_bytes(std::array::from_fn(|index| (index * 37 + 11) as u8))
}

fn tcp() -> TransportName {
    "tcp".parse().expect("it is a name")
}

fn service(name: &str) -> ServiceName {
    name.parse().expect("the names above are names")
}

/// What the story does.
impl World {
    /// Tells the automata something, now.
    pub fn tell(&mut self, now_ms: u64, message: Message) {
        self.after(now_ms, 0, message);
    }

    /// The name by which she can be found.
    pub fn alice_nickname(&self) -> Nickname {
        ALICE_NICKNAME.parse().expect("it is a nickname")
    }

    /// Every service is known.
    pub fn register_services(&mut self, now_ms: u64) {
        for (name, _) in SERVICES {
            self.tell(now_ms, services::local_service::register(service(name)));
        }
    }

    /// A service is to be on.
    pub fn request_start(&mut self, now_ms: u64, name: &str) {
        let request = self.request();
        self.tell(now_ms, services::local_service::start_requested(service(name), request));
    }

    /// A service is to be off.
    pub fn request_stop(&mut self, now_ms: u64, name: &str) {
        let request = self.request();
        self.tell(now_ms, services::local_service::stop_requested(service(name), request));
    }

    /// She opens a session, and says who she is.
    pub fn open_session(&mut self, now_ms: u64, session: u64) {
        self.tell(now_ms, tcp_transport::tcp_connection::connection_made(session, false));
        self.after(now_ms, 40, tcp_transport::tcp_connection::hello_received(session, alice()));
    }

    /// A packet of hers comes in.
    pub fn packet_of_alice(&mut self, now_ms: u64, session: u64, length: u32) {
        self.last_packet_ms = now_ms;
        self.tell(now_ms, tcp_transport::tcp_connection::bytes_received(session, length));
        self.tell(now_ms, gateway::contact_status::inbox_packet(alice()));
        self.tell(now_ms, gateway::p2p_connector::inbox_packet(tcp()));
    }

    /// The network is gone, and whoever listens on it notices.
    pub fn unplug(&mut self, now_ms: u64) {
        self.network_is_plugged = false;
        for transport in std::mem::take(&mut self.listening) {
            let reason = "the network is down".to_owned();
            self.after(now_ms, 20, gateway::network_transport::receiving_failed(transport, reason));
        }
    }
}

/// Time.
impl World {
    /// When there is something to tell.
    pub fn next_ms(&self) -> Option<u64> {
        self.agenda.first_key_value().map(|((at_ms, _), _)| *at_ms)
    }

    /// What is to be told by now.
    pub fn next_message(&mut self, now_ms: u64) -> Option<Message> {
        self.now_ms = now_ms;
        let entry = self.agenda.first_entry()?;
        (entry.key().0 <= now_ms).then(|| entry.remove())
    }

    fn after(&mut self, now_ms: u64, delay_ms: u64, message: Message) {
        self.now_ms = now_ms;
        self.agenda.insert((now_ms + delay_ms, self.decided), message);
        self.decided += 1;
    }

    fn request(&mut self) -> RequestId {
        self.requests += 1;
        RequestId(self.requests)
    }
}

impl network_connector::Conditions for World {
    fn connection_alive(&mut self) -> bool {
        self.contacts_online.is_empty() || self.now_ms < self.last_packet_ms + LATELY_MS
    }

    fn port_mapping_wanted(&mut self) -> bool {
        true
    }
}

impl p2p_connector::Conditions for World {
    fn peers_known(&mut self) -> bool {
        !self.contacts_known.is_empty()
    }

    fn best_transport(&mut self, transport: &TransportName) -> bool {
        *transport == tcp()
    }
}

/// What the rim of the node would do.
impl World {
    /// Performs an action: most are answered after a while.
    pub fn perform(&mut self, now_ms: u64, action: Action) {
        self.now_ms = now_ms;
        match action {
            Action::ContactStatus(peer, action) => self.handshake(now_ms, peer, &action),
            Action::LocalService(name, action) => self.service(now_ms, &name, &action),
            Action::NetworkConnector(action) => self.network(now_ms, &action),
            Action::NetworkTransport(transport, action) => self.transport(now_ms, transport, &action),
            Action::NicknameHolder(action) => self.own_slot(now_ms, &action),
            Action::NicknameObserver(search, action) => self.slots(now_ms, search, action),
            Action::P2pConnector(action) => self.identity(now_ms, &action),
            Action::TcpConnection(session, action) => self.socket(now_ms, session, action),
        }
    }

    fn network(&mut self, now_ms: u64, action: &network_connector::Action) {
        use network_connector::Action;
        let plugged = self.network_is_plugged;
        match action {
            Action::CheckInterfaces => {
                self.after(now_ms, 30, network::network_connector::network_info_received(plugged, plugged));
            }
            Action::SetUp => self.after(now_ms, 50, network::network_connector::network_up()),
            Action::MapPorts => self.after(now_ms, 400, network::network_connector::ports_mapped_or_not()),
            Action::ProbeInternet if plugged => self.after(now_ms, 120, network::network_connector::internet_reached()),
            Action::ProbeInternet => self.after(now_ms, 3000, network::network_connector::internet_missing()),
            Action::VerifyTransports => self.after(now_ms, 20, gateway::network_connector::transports_verified()),
        }
    }

    fn transport(&mut self, now_ms: u64, transport: TransportName, action: &network_transport::Action) {
        use network_transport::Action;
        let answer = match action {
            Action::Initialise => gateway::network_transport::initialised(transport),
            Action::StartReceiving if self.network_is_plugged => {
                self.listening.insert(transport.clone());
                gateway::network_transport::receiving_started(transport)
            }
            Action::StartReceiving => {
                gateway::network_transport::receiving_failed(transport, "there is no network".to_owned())
            }
            Action::StopReceiving => {
                self.listening.remove(&transport);
                gateway::network_transport::receiving_stopped(transport)
            }
            Action::ReportFailure { .. } => return,
        };
        self.after(now_ms, 25, answer);
    }

    fn identity(&mut self, now_ms: u64, action: &p2p_connector::Action) {
        use p2p_connector::Action;
        match action {
            Action::UpdateMyIdentity => {
                let contacts_changed = self.published != self.listening;
                self.published = self.listening.clone();
                self.after(now_ms, 10, identity::p2p_connector::my_id_updated(contacts_changed, false));
            }
            Action::Propagate => self.after(now_ms, 150, identity::p2p_connector::my_id_propagated()),
            Action::ReceivePackets
            | Action::DropFirstContact
            | Action::StartRatings
            | Action::SendMyIdentity { .. } => {}
        }
    }

    fn handshake(&mut self, now_ms: u64, peer: NodeId, action: &contact_status::Action) {
        use contact_status::Action;
        match action {
            Action::FetchIdentity if self.network_is_plugged => {
                self.after(now_ms, 60, handshake::contact_status::identity_fetched(peer));
            }
            Action::FetchIdentity => self.after(now_ms, 2000, handshake::contact_status::identity_missing(peer)),
            // Somebody who sleeps does not answer, and nobody says so.
            Action::SendMyIdentity if self.alice_is_awake && self.network_is_plugged => {
                self.after(now_ms, 90, handshake::contact_status::ack_received(peer));
            }
            Action::ReportConnected => {
                self.contacts_online.insert(peer);
                self.last_packet_ms = now_ms;
            }
            Action::ReportDisconnected => {
                self.contacts_online.remove(&peer);
            }
            Action::SendMyIdentity | Action::CancelHandshake | Action::RememberTime => {}
        }
    }

    fn socket(&mut self, now_ms: u64, session: u64, action: tcp_connection::Action) {
        use tcp_connection::Action;
        match action {
            Action::RememberPeer { peer } => {
                self.sessions.insert(session, peer);
                if self.contacts_known.contains(&peer) {
                    self.after(now_ms, 5, gateway::contact_status::session_opened(peer));
                }
            }
            Action::CloseSocket => {
                self.after(now_ms, 5, tcp_transport::tcp_connection::connection_lost(session, CloseReason::Local));
                if let Some(peer) = self.sessions.remove(&session).filter(|peer| self.contacts_known.contains(peer)) {
                    self.after(now_ms, 10, gateway::contact_status::session_closed(peer));
                }
            }
            Action::SendHello => {
                self.after(now_ms, 40, tcp_transport::tcp_connection::answer_received(session, alice()));
            }
            Action::SendAnswer
            | Action::OpenStream
            | Action::CloseStream
            | Action::Receive { .. }
            | Action::NoteKeepAlive
            | Action::StartPendingFiles
            | Action::StopFiles => {}
        }
    }

    fn own_slot(&mut self, now_ms: u64, action: &nickname_holder::Action) {
        use nickname_holder::Action;
        match action {
            Action::ReadSlot { .. } => {
                let slot = if self.our_slot_is_written { SlotState::Mine } else { SlotState::Empty };
                self.after(now_ms, 180, dht::nickname_holder::slot_read(slot));
            }
            Action::WriteSlot { .. } => {
                self.our_slot_is_written = true;
                self.after(now_ms, 220, dht::nickname_holder::slot_written());
            }
            Action::EraseSlot { .. } => {
                self.our_slot_is_written = false;
                self.after(now_ms, 200, dht::nickname_holder::slot_erased());
            }
            Action::Report { .. } => {}
        }
    }

    fn slots(&mut self, now_ms: u64, search: u64, action: nickname_observer::Action) {
        use nickname_observer::Action;
        match action {
            Action::ReadSlots { nickname, slots } => {
                for index in 0..slots {
                    let claimant = (index == 0 && nickname == self.alice_nickname()).then(alice);
                    let answer = dht::nickname_observer::slot_read(search, index, claimant);
                    self.after(now_ms, 150 + 10 * u64::from(index), answer);
                }
            }
            Action::CancelReading => {
                let is_its = |message: &Message| matches!(message, Message::NicknameObserver(of, _) if *of == search);
                self.agenda.retain(|_, message| !is_its(message));
            }
            Action::ReportClaimant { claimant: Some(peer), .. } => {
                self.contacts_known.insert(peer);
                self.after(now_ms, 1, contacts::contact_status::contact_added(peer));
            }
            Action::ReportClaimant { claimant: None, .. } | Action::ReportEnd { .. } => {}
        }
    }
}

/// The tree of services.
impl World {
    fn service(&mut self, now_ms: u64, name: &ServiceName, action: &local_service::Action) {
        use local_service::Action;
        let Some((known, dependencies)) = SERVICES.iter().find(|(known, _)| *known == name.as_str()) else { return };
        match action {
            Action::CheckDependencies => {
                self.waiting.insert(known);
                for dependency in *dependencies {
                    if self.services_wanted.insert(dependency) && !self.services_on.contains(dependency) {
                        self.request_start(now_ms, dependency);
                    }
                }
                self.look_at_services(now_ms);
            }
            Action::StartService => {
                self.switch_on(now_ms, known);
                self.after(now_ms, 80, services::local_service::service_started(name.clone()));
            }
            Action::StopDependents => {
                self.leaving.insert(known);
                for (dependent, on) in SERVICES {
                    if on.contains(known) && self.services_on.contains(dependent) {
                        self.request_stop(now_ms, dependent);
                    }
                }
                self.look_at_services(now_ms);
            }
            Action::StopService => {
                self.switch_off(now_ms, known);
                self.after(now_ms, 40, services::local_service::service_stopped(name.clone()));
            }
            Action::Answer { result } => {
                if *result == ServiceResult::Started {
                    self.services_on.insert(known);
                } else {
                    self.services_on.remove(known);
                    self.services_wanted.remove(known);
                }
                self.look_at_services(now_ms);
            }
            Action::AwaitOutcome { .. } => {}
        }
    }

    /// Tells those who wait for others that these are on, or off.
    fn look_at_services(&mut self, now_ms: u64) {
        for (name, dependencies) in SERVICES {
            if self.waiting.contains(name) && dependencies.iter().all(|on| self.services_on.contains(on)) {
                self.waiting.remove(name);
                self.after(now_ms, 1, services::local_service::dependencies_on(service(name)));
            }
            let has_dependents =
                || SERVICES.iter().any(|(other, on)| on.contains(name) && self.services_on.contains(other));
            if self.leaving.contains(name) && !has_dependents() {
                self.leaving.remove(name);
                self.after(now_ms, 1, services::local_service::dependents_stopped(service(name)));
            }
        }
    }

    fn switch_on(&mut self, now_ms: u64, name: &str) {
        match name {
            "gateway" => {}
            "tcp-transport" => {
                self.after(now_ms, 10, services::network_transport::init(tcp(), false));
                self.after(now_ms, 50, node::network_connector::init());
            }
            "p2p-hookups" => self.after(now_ms, 10, node::p2p_connector::init()),
            _ => {
                let ours = OUR_NICKNAME.parse().expect("it is a nickname");
                self.after(now_ms, 10, private_messages::nickname_holder::set_nickname(ours));
            }
        }
    }

    fn switch_off(&mut self, now_ms: u64, name: &str) {
        match name {
            "private-messages" => self.after(now_ms, 10, private_messages::nickname_holder::stop()),
            "p2p-hookups" => {
                for peer in std::mem::take(&mut self.contacts_known) {
                    self.after(now_ms, 10, contacts::contact_status::shutdown(peer));
                }
            }
            "tcp-transport" => {
                for session in self.sessions.keys().copied().collect::<Vec<_>>() {
                    self.after(now_ms, 5, gateway::tcp_connection::disconnect(session));
                }
                self.after(now_ms, 10, services::network_transport::shutdown(tcp()));
            }
            _ => {}
        }
    }
}
