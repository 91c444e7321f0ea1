//! At which address others see a port of the API: who is asked, and what is believed of the answers.

use std::collections::BTreeSet;

use crate::automata::api_address::{Conditions, Inside as Action};
use crate::automata::senders::services;
use crate::automata::system::System;
use crate::name::ServiceName;
use crate::peers::AddressGroup;
use crate::world::{OBSERVERS, Observer, Observers, World};

use super::stun_client;

/// Services whose ports are looked for: one of TCP, one of UDP.
const LOOKED_FOR: [&str; 2] = ["websocket-api", "webtransport-api"];

impl Conditions for World {
    fn has_observers(&mut self, _: &ServiceName) -> bool {
        !observers(self).0.is_empty()
    }

    fn observers(&mut self, _: &ServiceName) -> Observers {
        observers(self)
    }
}

/// Connected peers that are asked by STUN anyway: those in different networks first, so that one network has no majority
/// where there are others.
fn observers(world: &World) -> Observers {
    let asked = world.stun.clients.iter();
    let offering =
        asked.filter_map(|peer| Some(Observer { peer: *peer, server: stun_client::server_of(world, peer)? }));
    let mut networks = BTreeSet::new();
    let (mut chosen, others): (Vec<Observer>, Vec<Observer>) =
        offering.partition(|observer| networks.insert(AddressGroup::of(observer.server.ip())));
    chosen.extend(others);
    chosen.truncate(OBSERVERS);
    Observers(chosen)
}

/// Performs an action.
pub fn perform(world: &mut World, service: ServiceName, action: Action) {
    match action {
        Action::NoteAnswer { observer, mapped } => world.api_ports.note_answer(service, observer, mapped),
        Action::CountAnswers => {
            let is_private_network = world.mappings.rules.is_private_network;
            world.api_ports.count_answers(service, is_private_network);
        }
        Action::ForgetAddresses => world.api_ports.forget_addresses(&service),
    }
}

/// The port of a service is open.
pub fn opened(world: &mut World, service: &ServiceName) {
    if world.api_ports.is_public && LOOKED_FOR.contains(&service.as_str()) {
        world.tell(services::api_address::begin(service.clone()));
    }
}

/// It is not open any more.
pub fn closed(world: &mut World, system: &System, service: &ServiceName) {
    world.tell_if_there(system, services::api_address::end(service.clone()));
}
