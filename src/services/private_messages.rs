//! `private-messages`: conversations. An automaton `message_delivery` for each message on its way.

use super::Service;
use crate::automata::senders::services;
use crate::node::Command;
use crate::wire::PacketId;

pub(super) const SERVICE: Service = Service {
    name: "private-messages",
    summary: "Exchanges private messages with other users.",
    depends_on: &["gateway"],
    // Each that is on disk comes back as `MessageQueued`.
    start: |world, _| world.command(Command::LoadMessages),
    stop: |world, system| {
        let deliveries: Vec<PacketId> = system.message_delivery.iter().map(|(message, _)| *message).collect();
        for message in deliveries {
            world.tell(services::message_delivery::stop(message));
        }
    },
};
