//! The DHT of the virtual network: what one node writes, all others read.

use std::collections::{BTreeMap, BTreeSet};

use automata_runtime::Input as BusInput;
use bitpie::automata::outside::Dht;
use bitpie::automata::system::Message;
use bitpie::automata::{dht_connector, identity_publisher, nickname_holder};
use bitpie::dht::{Slot, judge};
use bitpie::identity::{Entrypoint, NodeId};
use bitpie::nickname::Nickname;
use bitpie::world::{DhtInput, Input};

use super::World;

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

impl World {
    pub(super) fn find_identity(&mut self, index: usize, peer: NodeId) {
        if !self.hosts[index].is_plugged {
            return;
        }
        let document = self.dht.documents.get(&peer).filter(|_| !self.dht.has_no_documents);
        let entrypoints = document.cloned();
        *self.dht.lookups.entry(peer).or_default() += 1;
        self.tell(index, 50, Input::Dht(DhtInput::IdentityRead { peer, entrypoints }));
    }

    /// The DHT, as all nodes see it: what one writes, all others read.
    pub(super) fn dht(&mut self, index: usize, command: Dht) {
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
    pub(super) fn claimants(&self, nickname: &Nickname, slot: u8) -> Vec<NodeId> {
        let claimant = self.dht.slots.get(&(nickname.clone(), slot)).copied();
        let names_it = |id: &NodeId| {
            let host = self.hosts.iter().find(|host| host.id == *id);
            host.is_none_or(|host| host.core.world().nickname.wanted.as_ref() == Some(nickname))
        };
        claimant.filter(names_it).into_iter().collect()
    }
}
