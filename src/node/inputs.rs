//! Who hears of what the rim tells.

use automata_runtime::Input as BusInput;

use crate::automata::read_receipts;
use crate::automata::relay_circuit::Event::{Ended, NotTaken, Taken};
use crate::automata::senders::{api, user};
use crate::automata::system::{Message, System};
use crate::hosts::{
    contact_status, dht_connector, message_delivery, network_transport, nickname_holder, nickname_observer,
    p2p_connector, packets, peer_link, sessions,
};
use crate::services::tree;
use crate::world::{DhtInput, Input, UserRequest, World};

/// Something happened.
pub fn receive(world: &mut World, system: &System, input: Input) {
    match input {
        Input::Begin => world.tell(user::node_life::begin()),
        // Whom the store has looked for may have gone meanwhile.
        Input::Event(found @ Message::ReadReceipts(_, BusInput::Event(read_receipts::Event::Found { .. }))) => {
            world.tell_if_there(system, found);
        }
        // A circuit that was cut ends once more, at the rim.
        Input::Event(told @ Message::RelayCircuit(_, BusInput::Event(Taken | NotTaken | Ended { .. }))) => {
            world.tell_if_there(system, told);
        }
        // The port may have been closed meanwhile.
        Input::Event(told @ (Message::ApiAddress(..) | Message::ApiCertificate(..))) => {
            world.tell_if_there(system, told)
        }
        Input::Event(message) => world.tell(message),
        Input::Transport(transport, input) => network_transport::report(world, transport, input),
        Input::Session(session, input) => sessions::report(world, system, session, input),
        Input::IdentityBuilt(built) => p2p_connector::identity_built(world, system, built),
        Input::IdentityFailed { reason } => p2p_connector::identity_failed(world, system, reason),
        Input::MessageQueued(queued) => message_delivery::queued(world, system, &queued),
        Input::MessagesCommitted { session, sender, packets } => {
            packets::messages_committed(world, session, sender, &packets);
        }
        Input::MessageRefused { session, sender, packet, reason } => {
            packets::message_refused(world, session, sender, packet, reason);
        }
        Input::IdentityCommitted { session, sender, packet, entrypoints, relays } => {
            packets::identity_committed(world, system, session, sender, packet, entrypoints.as_deref(), relays);
        }
        Input::Transmitted { message, session, is_sent } => {
            message_delivery::transmitted(world, message, session, is_sent);
        }
        Input::ContactAdded { peer, entrypoints } => contact_status::added(world, system, peer, &entrypoints),
        Input::ContactRemoved { peer } => contact_status::removed(world, system, peer),
        Input::ContactRefused { peer } => contact_status::refused(world, system, peer),
        Input::Dht(input) => dht(world, system, input),
        Input::Request(what) => user(world, system, what),
    }
}

fn dht(world: &mut World, system: &System, input: DhtInput) {
    match input {
        DhtInput::Opened => dht_connector::opened(world),
        DhtInput::IdentityRead { peer, entrypoints } => {
            peer_link::identity_read(world, system, peer, entrypoints.as_deref());
        }
        DhtInput::SlotRead(slot) => nickname_holder::slot_read(world, Ok(slot)),
        DhtInput::SlotReadFailed { reason } => nickname_holder::slot_read(world, Err(reason)),
        DhtInput::SlotWriteFailed { reason, is_exhausted } => {
            nickname_holder::write_failed(world, reason, is_exhausted);
        }
        DhtInput::SlotErased { problem } => nickname_holder::slot_erased(world, problem),
        DhtInput::SearchSlotRead { search, index, claimant, is_answered, entrypoints } => {
            if let Some(claimant) = claimant {
                nickname_observer::heard_of(world, claimant, &entrypoints);
            }
            nickname_observer::slot_read(world, system, search, index, claimant, is_answered);
        }
    }
}

fn user(world: &mut World, system: &System, what: UserRequest) {
    match what {
        UserRequest::PingContact(peer) => contact_status::ping(world, system, peer),
        UserRequest::SetNickname(nickname) => nickname_holder::set(world, system, nickname),
        UserRequest::FindNickname { search, nickname, first } => {
            nickname_observer::find(world, search, nickname, first)
        }
        UserRequest::StopSearch(search) => world.tell_if_there(system, api::nickname_observer::stop(search)),
    }
}

/// What the automata have come to, where the node has to act on it and no automaton watches.
pub fn look_around(world: &mut World, system: &System) {
    tree::look(world, system);
}
