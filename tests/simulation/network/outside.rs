//! What automata ask of the world outside: store, network, router, transports, user.

use std::net::SocketAddr;

use automata_runtime::Input as BusInput;
use bitpie::automata::outside::{ApiPorts, Network, Router, Store, Transports, User};
use bitpie::automata::system::Message;
use bitpie::automata::types::{CloseReason, DeliveryState, MappingProtocol};
use bitpie::automata::{
    api_address, api_certificate, api_port, lan_discovery, network_connector, network_transport, outbox, outside,
    peer_protocol, port_mapping, read_receipts, stun_client, stun_server,
};
use bitpie::identity::{Entrypoint, NodeId};
use bitpie::stun::{FilteringTest, OurSocket};
use bitpie::wire::{Frame, Hello};
use bitpie::world::{CertificateHash, Input, SessionInput, TransportInput};

use super::{DELAY_MS, World, address, closed, entrypoint, stun_entrypoint};

impl World {
    pub(super) fn outside(&mut self, index: usize, command: outside::Command) {
        match command {
            // Nobody asks there.
            outside::Command::ApiPorts(ApiPorts::ApiPortOpen { service }) => {
                let address = SocketAddr::from(([127, 0, 0, 1], 38_081));
                let opened = BusInput::Event(api_port::Event::Opened { address, gave_way: false });
                self.tell(index, 0, Input::Event(Message::ApiPort(service, opened)));
            }
            outside::Command::ApiPorts(ApiPorts::ApiCertificateReadKept) => {
                let all = BusInput::Event(api_certificate::Event::AllKept);
                self.tell(index, 0, Input::Event(Message::ApiCertificate(all)));
            }
            outside::Command::ApiPorts(ApiPorts::ApiCertificateMake { lifetime }) => {
                let host = &mut self.hosts[index];
                host.certificates += 1;
                let hash = CertificateHash([host.certificates; 32]);
                let begins_unix_ms = self.now(index).unix_ms;
                let ends_unix_ms = begins_unix_ms + lifetime.0;
                let made = api_certificate::Event::Made { hash, begins_unix_ms, ends_unix_ms };
                self.tell(index, 1, Input::Event(Message::ApiCertificate(BusInput::Event(made))));
            }
            outside::Command::ApiPorts(ApiPorts::ApiCertificateShow { hash }) => self.hosts[index].shown = hash,
            // Each observer sees the host's address, and the port that it has there.
            outside::Command::ApiPorts(ApiPorts::ApiAddressAsk { service, observers }) => {
                let mapped = SocketAddr::new(self.hosts[index].address.ip(), 38_081);
                for observer in observers.0 {
                    let answered = api_address::Event::Answered { observer: observer.peer, mapped };
                    let answered = Message::ApiAddress(service.clone(), BusInput::Event(answered));
                    self.tell(index, 2 * DELAY_MS, Input::Event(answered));
                }
            }
            outside::Command::ApiPorts(
                ApiPorts::ApiPortClose { .. }
                | ApiPorts::ApiPortTryPort { .. }
                | ApiPorts::ApiAddressAskAgain { .. }
                | ApiPorts::ApiAddressStopAsking { .. },
            ) => {}
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

    pub(super) fn network(&mut self, index: usize, command: &Network) {
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
    pub(super) fn router(&mut self, index: usize, command: Router) {
        use port_mapping::Event;
        let host = &mut self.hosts[index];
        let (transport, event) = match command {
            Router::PortMappingRequestMapping { transport, lifetime } => {
                host.mapping_requests += 1;
                let event = match host.router {
                    Some(address) => {
                        let external = Entrypoint { transport: transport.clone(), address };
                        host.is_mapped = true;
                        let (external, pinholes, missing) = (Some(external), Vec::new(), None);
                        Event::Mapped { external, pinholes, lifetime, protocol: MappingProtocol::Pcp, missing }
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

    pub(super) fn transports(&mut self, index: usize, command: Transports) {
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
            Transports::StunClientTestFiltering { peer, server } => self.test_filtering(index, peer, server),
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
    pub(super) fn ask_by_stun(&mut self, index: usize, peer: NodeId, server: Option<SocketAddr>) {
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

    /// A node with a server answers from another port too, and nothing in this network keeps that out.
    fn test_filtering(&mut self, index: usize, peer: NodeId, server: Option<SocketAddr>) {
        let host = self.hosts.iter().find(|host| host.id == peer);
        let is_there = host.is_some_and(|host| host.offers_stun && host.is_plugged) && self.hosts[index].is_plugged;
        self.hosts[index].filtering_tests += 1;
        if let Some(server) = server.filter(|_| is_there) {
            let local = SocketAddr::new(address(index).ip(), 40_001);
            let result = FilteringTest::NotPortDependent;
            let tested = stun_client::Event::FilteringTested { server, local, result };
            let input = Input::Event(Message::StunClient(peer, BusInput::Event(tested)));
            self.tell(index, 3 * DELAY_MS, input);
        }
    }
}
