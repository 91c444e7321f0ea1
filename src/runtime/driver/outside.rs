//! What automata ask of the parts outside, carried out.

use crate::automata::outside::{ApiPorts, Command, Dht, Network, Store, Transports, User};
use crate::automata::senders::transports;
use crate::messages::{DeliveryState, DeliveryUpdate};
use crate::name::ServiceName;

use crate::transports::lan::Wanted;
use crate::transports::{CloseReason, Transport};
use crate::world::Input;

use super::{Done, Driver};

impl Driver {
    pub(super) fn outside(&mut self, command: Command) {
        match command {
            Command::ApiPorts(command) => self.api_ports_command(command),
            Command::Dht(command) => self.dht_command(command),
            Command::Network(command) => self.network_command(&command),
            Command::Router(command) => self.router_command(command),
            Command::Store(command) => self.store_command(command),
            Command::Transports(command) => self.transports_command(command),
            Command::User(command) => self.user_command(command),
        }
    }

    fn api_ports_command(&mut self, command: ApiPorts) {
        match command {
            ApiPorts::ApiAddressAsk { service, observers } => {
                let failed = self.api_ports.ask(service, &observers);
                self.later(failed);
            }
            ApiPorts::ApiAddressAskAgain { service } => self.api_ports.ask_again(&service),
            ApiPorts::ApiAddressStopAsking { service } => self.api_ports.stop_asking(&service),
            ApiPorts::ApiCertificateReadKept => {
                let kept = self.api_certificates.read_kept(&self.settings.home);
                self.later(kept);
            }
            ApiPorts::ApiCertificateMake { lifetime } => {
                let made = self.api_certificates.make(&self.settings.home, lifetime);
                self.later([made]);
            }
            ApiPorts::ApiCertificateShow { hash } => self.api_certificates.show(hash),
            ApiPorts::ApiPortOpen { service } => self.open_api_port(service),
            ApiPorts::ApiPortClose { service } => self.api_ports.close(&service),
            ApiPorts::ApiPortTryPort { service } => {
                let answer = self.api_ports.try_port(service, &self.settings.values);
                self.later([answer]);
            }
        }
    }

    /// Opens a port of the API, as soon as the server before has given it back.
    pub(super) fn open_api_port(&mut self, service: ServiceName) {
        if let Some(closing) = self.api_ports.closing(&service) {
            return self.task(async move {
                let _ = closing.await;
                Done::OpenApiPort(service)
            });
        }
        let is_public = self.node.world().api_ports.is_public;
        let certificate = self.api_certificates.shown();
        let answer = self.api_ports.open(service, &self.settings.values, is_public, certificate);
        self.later([answer]);
    }

    fn dht_command(&mut self, command: Dht) {
        match command {
            Dht::DhtConnectorOpen => self.dht.open(self.settings.dht_socket()),
            Dht::DhtConnectorClose => self.dht.close(),
            Dht::DhtConnectorLook => self.dht.look(),
            Dht::DhtConnectorSaveNodes => self.dht.save_nodes(),
            Dht::IdentityPublisherPublish => self.dht.publish(self.identity.document.clone()),
            Dht::NicknameHolderReadSlot { nickname: Some(nickname), index } => self.dht.read_slot(nickname, index),
            Dht::NicknameHolderWriteSlot { nickname: Some(nickname), index } => self.dht.write_slot(nickname, index),
            Dht::NicknameHolderEraseSlot { nickname: Some(nickname), index } => self.dht.erase_slot(nickname, index),
            // There is a nickname wherever the holder works; without one there is nothing to do, and its time-out says
            // so.
            Dht::NicknameHolderReadSlot { nickname: None, .. }
            | Dht::NicknameHolderWriteSlot { nickname: None, .. }
            | Dht::NicknameHolderEraseSlot { nickname: None, .. } => {}
            Dht::NicknameObserverReadSlots { search, nickname, slots, first } => {
                let known = self.dht.read_slots(search, &nickname, slots, first);
                self.later(known);
            }
            Dht::NicknameObserverCancelReading { search } => self.dht.stop_reading(search),
        }
    }

    fn network_command(&mut self, command: &Network) {
        match command {
            Network::LanDiscoverySearch => {
                let interfaces = self.settings.values.lan.interfaces.clone();
                let entrypoints = self.node.world().identity.entrypoints.values().flatten().cloned().collect();
                self.lan.search(Wanted { interfaces, entrypoints });
            }
            // Waited for at the end of the program too, so that others hear the goodbye.
            Network::LanDiscoveryLeave => {
                let withdrawn = self.lan.stop();
                self.task(async move {
                    withdrawn.await;
                    Done::Nothing
                });
            }
            // Answers come behind what is being done.
            Network::NetworkConnectorCheckInterfaces => {
                let answer = self.network.look_at_interfaces();
                self.later([answer]);
            }
            Network::NetworkConnectorProbeInternet => {
                let answer = self.network.probe_internet();
                self.later([answer]);
            }
            Network::NetworkConnectorSetUp => {
                let answer = self.network.set_up();
                self.later([answer]);
            }
        }
    }

    fn transports_command(&mut self, command: Transports) {
        match command {
            Transports::NetworkTransportInitialise { transport } => {
                self.later([Input::Event(transports::network_transport::initialised(transport))]);
            }
            Transports::NetworkTransportStartReceiving { transport } => self.network.listen(&transport),
            Transports::NetworkTransportTryPort { transport } => {
                let answer = self.network.try_port(transport);
                self.later([answer]);
            }
            Transports::NetworkTransportStopReceiving { transport } => {
                self.network.with(&transport, |transport| transport.stop_listening());
            }
            Transports::StunServerOpen => {
                let answer = self.stun.open(&self.settings.values);
                self.later([answer]);
            }
            Transports::StunServerTryPort => {
                let answer = self.stun.try_port(&self.settings.values);
                self.later([answer]);
            }
            Transports::StunServerClose => self.stun.close(),
            Transports::StunClientAsk { peer, server } => {
                let failed = self.stun.ask(peer, server, &self.network);
                self.later(failed);
            }
            Transports::StunClientAskAgain { peer } => self.stun.ask_again(&peer, &self.network),
            Transports::StunClientTestFiltering { peer, server } => self.stun.test_filtering(peer, server),
            Transports::StunClientClose { peer } => self.stun.stop_asking(&peer),
            Transports::PeerProtocolSendHello { session } => self.send_hello(session),
            Transports::PeerProtocolSendPeerId { session } => self.send_peer_id(session),
            Transports::PeerProtocolAdmit { session } => self.of_session(session, |transport| transport.admit(session)),
            Transports::RelayCircuitOffer { circuit, target, peer } => {
                self.network.offer(circuit, &target, peer, &self.node.world().sessions);
            }
            Transports::RelayCircuitJoin { circuit } => {
                self.network.relay.join(circuit, self.settings.values.relay.bytes_per_second);
            }
            Transports::RelayCircuitTurnDown { circuit, reason } => self.network.relay.turn_down(circuit, reason),
            Transports::RelayCircuitTake { circuit, carrier, caller } => {
                self.network.take(circuit, carrier, caller, &self.node.world().sessions);
            }
            Transports::RelayCircuitCut { circuit } => self.network.relay.cut(circuit),
            Transports::TcpConnectionCloseSocket { session } | Transports::QuicConnectionCloseSocket { session } => {
                let (limits, now_us) = (self.settings.bandwidth(), self.clock.elapsed_us());
                self.network.send_the_rest(session, &limits, now_us);
                self.of_session(session, |transport| {
                    transport.close(session, CloseReason::Local, "it is no longer wanted".to_owned());
                })
            }
            Transports::TcpConnectionOpenStream { session } | Transports::QuicConnectionOpenStream { session } => {
                self.of_session(session, |transport| transport.open_stream(session));
            }
            Transports::TcpConnectionBeginHandshake { session }
            | Transports::QuicConnectionBeginHandshake { session } => {
                self.of_session(session, |transport| transport.begin_handshake(session));
            }
            Transports::TcpConnectionSendKeepAlive { session }
            | Transports::QuicConnectionSendKeepAlive { session } => {
                self.of_session(session, |transport| transport.send_keep_alive(session));
            }
        }
    }

    /// Does something with the transport of a session; one that has ended has told so, or is about to.
    fn of_session(&self, session: u64, order: impl FnOnce(&dyn Transport)) {
        if let Some(transport) = self.network.of_session(session) {
            order(transport);
        }
    }

    fn store_command(&mut self, command: Store) {
        let (message, update) = match command {
            Store::NodeLifeForgetOld => return self.tasks.push(self.storage.forget_old()),
            Store::OutboxLoad => return self.tasks.push(self.storage.load_messages()),
            Store::ReadReceiptsFind { peer, at_once } => {
                return self.tasks.push(self.storage.find_receipts(peer, at_once));
            }
            Store::ReadReceiptsNoteCome { peer, messages } => {
                return self.tasks.push(self.storage.receipts_came(peer, messages));
            }
            Store::MessageDeliveryRecord { message, state, attempts, pause } => {
                (message, DeliveryUpdate { state, attempts: attempts.into(), pause_ms: pause.0, refusal: None })
            }
            Store::MessageDeliveryRecordRefusal { message, reason } => {
                let refusal = Some(reason.in_words().to_owned());
                let state = DeliveryState::Refused;
                (message, DeliveryUpdate { state, attempts: 0, pause_ms: 0, refusal })
            }
        };
        self.storage.record_delivery(message, update);
    }

    fn user_command(&mut self, command: User) {
        match command {
            User::ContactStatusReportConnected { peer } => {
                // Only changes are told: who is away is looked for once a minute, and each look ends like this.
                if self.contacts_here.insert(peer) {
                    tracing::info!(%peer, "a contact is here");
                }
                self.callers.changed();
            }
            User::ContactStatusReportDisconnected { peer } => {
                if self.contacts_here.remove(&peer) {
                    tracing::info!(%peer, "a contact is away");
                }
                self.callers.changed();
            }
            User::NicknameObserverReportClaimant { search, index, claimant } => {
                // Told behind what led to it, in an order that the trace has too.
                let reach = self.callers.claimant_found(search, index, claimant, self.identity.id());
                self.later(reach);
            }
            User::NicknameObserverReportEnd { search, complete, answered } => {
                self.callers.search_ended(search, complete, answered);
            }
            User::ReachabilityReport { peer, reached } => self.callers.node_reached(peer, reached),
        }
    }
}
