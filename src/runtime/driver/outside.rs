//! What automata ask of the parts outside, carried out.

use crate::automata::outside::{Command, Network, Store, Transports, User};
use crate::automata::senders::{network as told_by_network, transports as told_by_transports};
use crate::runtime::network;
use crate::transports::CloseReason;
use crate::world::Input;

use super::{Done, Driver};

impl Driver {
    pub(super) fn outside(&mut self, command: Command) {
        match command {
            Command::Dht(command) => self.dht_command(command),
            Command::Network(command) => self.network_command(&command),
            Command::Store(command) => self.store_command(command),
            Command::Transports(command) => self.transports_command(command),
            Command::User(command) => self.user_command(command),
        }
    }

    /// Each answers at once, behind what is being done.
    fn network_command(&mut self, command: &Network) {
        use told_by_network::network_connector as told;
        let answer = match command {
            Network::NetworkConnectorCheckInterfaces => {
                let found = network::interfaces(self.listen_at.ip());
                let same = found == self.interfaces;
                self.interfaces = found;
                told::network_info_received(!self.interfaces.is_empty(), same)
            }
            Network::NetworkConnectorProbeInternet if network::has_way_out(self.listen_at.ip()) => {
                told::internet_reached()
            }
            Network::NetworkConnectorProbeInternet => told::internet_missing(),
            // Sockets need nothing more than interfaces that are up.
            Network::NetworkConnectorSetUp => told::network_up(),
        };
        self.task(async move { Done::Inputs(vec![Input::Event(answer)]) });
    }

    fn store_command(&mut self, command: Store) {
        match command {
            Store::MessageDeliveryRecord { message, state, attempts, pause } => {
                self.record_delivery(message, state, attempts, pause.0);
            }
            Store::MessageDeliveryRecordRefusal { message, reason } => {
                self.record_refusal(message, reason.in_words().to_owned());
            }
        }
    }

    fn transports_command(&mut self, command: Transports) {
        match command {
            Transports::NetworkTransportInitialise { transport } => {
                let answer = Input::Event(told_by_transports::network_transport::initialised(transport));
                self.task(async move { Done::Inputs(vec![answer]) });
            }
            Transports::NetworkTransportStartReceiving { .. } => self.transport.listen(self.listen_at),
            Transports::NetworkTransportStopReceiving { .. } => self.transport.stop_listening(),
            Transports::TcpConnectionSendHello { session } => self.transport.begin_handshake(session),
            Transports::TcpConnectionSendAnswer { session } => self.transport.send_keep_alive(session),
            Transports::TcpConnectionCloseSocket { session } => {
                self.transport.close(session, CloseReason::Local, "it is no longer wanted");
            }
        }
    }

    fn user_command(&mut self, command: User) {
        match command {
            User::ContactStatusReportConnected { peer } => {
                tracing::info!(%peer, "a contact is here");
                self.send_receipts(vec![peer]);
                self.changed();
            }
            User::ContactStatusReportDisconnected { peer } => {
                tracing::info!(%peer, "a contact is away");
                self.changed();
            }
            User::NicknameObserverReportClaimant { search, index, claimant } => {
                self.claimant_found(search, index, claimant);
            }
            User::NicknameObserverReportEnd { search, complete } => self.search_ended(search, complete),
            User::ReachabilityReport { peer, reached } => self.node_reached(peer, reached),
        }
    }
}
