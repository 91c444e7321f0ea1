//! A message of ours: handed to the session that serves the recipient, and what became of it written down.

use crate::automata::message_delivery::Inside as Action;
use crate::automata::senders::gateway;
use crate::automata::system::System;
use crate::node::{Command, World};
use crate::wire::PacketId;

/// Performs an action of the delivery.
pub fn perform(world: &mut World, system: &System, message: PacketId, action: Action) {
    match action {
        Action::StandInLine { peer, number } => {
            world.lines.stand(peer, number, message);
            world.let_messages_go(system, peer);
        }
        Action::LeaveLine { peer, number } => {
            world.lines.leave(&peer, number);
            world.let_messages_go(system, peer);
        }
        Action::Transmit { peer } => match world.sessions.ready(&peer) {
            Some(session) => world.command(Command::Transmit { session, message, recipient: peer }),
            None => {
                world.counters.packets_failed += 1;
                world.tell(gateway::message_delivery::send_failed(message));
            }
        },
    }
}
