//! `private-messages`: conversations, and the names under which people find one another. An automaton
//! `message_delivery` for each message on its way, `nickname_holder` for our own name, `nickname_observer` for each
//! search.

use super::service::{Service, USUAL};
use crate::automata::senders::{private_messages, services};
use crate::wire::PacketId;
use crate::world::services::is_on;

pub(super) const SERVICE: Service = Service {
    name: "private-messages",
    summary: "Exchanges private messages with other users.",
    purpose: "Send and receive private messages",
    while_off: "no messages are sent or taken",
    depends_on: &["gateway", "entangled-dht"],
    start: |world, _| {
        // Each that is on disk comes back as `MessageQueued`.
        world.tell(private_messages::outbox::init());
        if let Some(nickname) = world.nickname.wanted.clone() {
            world.tell(private_messages::nickname_holder::set_nickname(nickname));
        }
    },
    stop: |world, system| {
        world.tell(private_messages::outbox::stop());
        world.tell_if_there(system, private_messages::nickname_holder::stop());
        world.nickname.report = None;
        let searches: Vec<u64> = system.nickname_observer.iter().map(|(search, _)| *search).collect();
        for search in searches {
            world.tell(private_messages::nickname_observer::stop(search));
        }
        let deliveries: Vec<PacketId> = system.message_delivery.iter().map(|(message, _)| *message).collect();
        for message in deliveries {
            world.tell(services::message_delivery::stop(message));
        }
    },
    problem: |world, system| {
        let is_here = is_on(system, "p2p-hookups");
        let off = (!is_here).then(|| "messages wait: p2p-hookups is off, which finds out who is here".to_owned());
        off.or_else(|| world.problems.outbox.as_ref().map(|why| format!("messages wait on disk: {why}")))
    },
    ..USUAL
};
