//! What automata ask of the parts outside, carried out.

use crate::automata::outside::{Command, Dht, Store, User};
use crate::messages::{DeliveryState, DeliveryUpdate};

use super::Driver;

impl Driver {
    pub(super) fn outside(&mut self, command: Command) {
        match command {
            Command::Dht(command) => self.dht_command(command),
            // Answers come behind what is being done.
            Command::Network(command) => {
                let answer = self.network.look(&command);
                self.later(vec![answer]);
            }
            Command::Store(command) => self.store_command(command),
            Command::Transports(command) => {
                let answer = self.network.transports_command(command);
                self.later(answer);
            }
            Command::User(command) => self.user_command(command),
        }
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

    fn store_command(&mut self, command: Store) {
        let (message, update) = match command {
            Store::MessageDeliveryRecord { message, state, attempts, pause } => {
                (message, DeliveryUpdate { state, attempts: attempts.into(), pause_ms: pause.0, refusal: None })
            }
            Store::MessageDeliveryRecordRefusal { message, reason } => {
                let refusal = Some(reason.in_words().to_owned());
                let state = DeliveryState::Refused;
                (message, DeliveryUpdate { state, attempts: 0, pause_ms: 0, refusal })
            }
        };
        self.tasks.extend(self.storage.record_delivery(message, update));
    }

    fn user_command(&mut self, command: User) {
        match command {
            User::ContactStatusReportConnected { peer } => {
                tracing::info!(%peer, "a contact is here");
                self.tasks.push(self.storage.receipts_to(vec![peer]));
                self.callers.changed();
            }
            User::ContactStatusReportDisconnected { peer } => {
                tracing::info!(%peer, "a contact is away");
                self.callers.changed();
            }
            User::NicknameObserverReportClaimant { search, index, claimant } => {
                // Told behind what led to it, in an order that the trace has too.
                let reach = self.callers.claimant_found(search, index, claimant, self.identity.id());
                self.later(reach);
            }
            User::NicknameObserverReportEnd { search, complete } => self.callers.search_ended(search, complete),
            User::ReachabilityReport { peer, reached } => self.callers.node_reached(peer, reached),
        }
    }
}
