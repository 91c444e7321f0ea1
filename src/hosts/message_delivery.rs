//! A message of ours: its place in line, its way to a session, and what the recipient says of it.

use crate::automata::message_delivery::{self, Inside as Action};
use crate::automata::senders::{gateway, private_messages, services};
use crate::automata::system::{Message, System};
use crate::automata::types::FailReason;
use crate::identity::NodeId;
use crate::wire::PacketId;
use crate::world::{Command, QueuedMessage, SessionId, World};

use automata_runtime::{Input as BusInput, Milliseconds};

/// Performs an action of the delivery.
pub fn perform(world: &mut World, system: &System, message: PacketId, action: Action) {
    match action {
        Action::StandInLine { peer, number } => {
            world.send_queue.stand(peer, number, message);
            world.tell_if_there(system, gateway::contact_status::line_changed(peer));
        }
        Action::LeaveLine { peer, number } => {
            world.send_queue.leave(&peer, number);
            world.tell_if_there(system, gateway::contact_status::line_changed(peer));
        }
        Action::Transmit { peer } => match world.sessions.ready(&peer) {
            Some(session) => world.command(Command::SendMessage { session, message, recipient: peer }),
            None => {
                world.counters.packets_failed += 1;
                world.tell(gateway::message_delivery::send_failed(message));
            }
        },
    }
}

/// A message of the user is on disk.
pub fn queued(world: &mut World, system: &System, queued: &QueuedMessage) {
    // Otherwise it is loaded with all others as soon as the service is on.
    if world.is_service_on(system, "private-messages") && system.message_delivery.get(&queued.message).is_none() {
        deliver(world, queued);
    }
}

/// What happens when a message of ours is to be delivered.
fn deliver(world: &mut World, queued: &QueuedMessage) {
    let given = message_delivery::Given {
        peer: queued.peer,
        number: Some(world.numbers.place()),
        lifetime: Milliseconds(queued.expires_unix_ms.saturating_sub(world.now.unix_ms)),
        sent_before: Some(queued.attempts),
        paused_before: Some(Milliseconds(queued.pause_ms)),
        send_timeout: None,
        acknowledgement_timeout: None,
        first_pause: None,
        longest_pause: None,
        receipt_patience: None,
    };
    world.tell(Message::MessageDelivery(queued.message, BusInput::Start(given)));
    world.tell(private_messages::message_delivery::queued(queued.message));
}

/// A session has taken a message, or has not. Of one that is ready no longer it has been told that it is lost, and the
/// message may be on its way by another.
pub fn transmitted(world: &mut World, message: PacketId, session: SessionId, is_sent: bool) {
    let peer = world.sessions.get(session).and_then(|found| found.peer);
    if peer.and_then(|peer| world.sessions.ready(&peer)) != Some(session) {
        return;
    }
    if is_sent {
        world.counters.packets_out += 1;
        world.tell(gateway::message_delivery::sent(message));
    } else {
        world.counters.packets_failed += 1;
        world.tell(gateway::message_delivery::send_failed(message));
    }
}

/// The recipient of a message has it.
pub fn acknowledged(world: &mut World, system: &System, message: PacketId, by: NodeId) {
    if is_for(system, &message, &by) {
        world.tell(gateway::message_delivery::acknowledged(message));
    }
}

/// The recipient of a message does not take it.
pub fn refused(world: &mut World, system: &System, message: PacketId, by: NodeId, reason: FailReason) {
    if is_for(system, &message, &by) {
        world.tell(gateway::message_delivery::refused(message, reason));
    }
}

fn is_for(system: &System, message: &PacketId, peer: &NodeId) -> bool {
    system.message_delivery.get(message).is_some_and(|delivery| delivery.parameters.peer == *peer)
}

/// A read receipt. It may come long after the delivery has come to its end; the store then knows whether the message
/// was for that peer.
pub fn read(world: &mut World, system: &System, message: PacketId, peer: NodeId) {
    match system.message_delivery.get(&message) {
        Some(delivery) if delivery.parameters.peer == peer => world.tell(gateway::message_delivery::read(message)),
        Some(_) => {}
        // Nobody else was ever sent a message.
        None if world.contacts.contains(&peer) => world.command(Command::FindDelivered { message, peer }),
        None => {}
    }
}

/// Whatever goes to that peer is not answered by the session that it went by.
pub fn session_lost(world: &mut World, system: &System, peer: &NodeId) {
    world.send_queue.step_back(peer);
    for message in messages_for(system, peer) {
        world.tell(gateway::message_delivery::session_lost(message));
    }
}

/// That peer is no contact any more, and the store has given up what was to go there.
pub fn give_up(world: &mut World, system: &System, peer: &NodeId) {
    for message in messages_for(system, peer) {
        world.tell(services::message_delivery::stop(message));
    }
}

fn messages_for(system: &System, peer: &NodeId) -> Vec<PacketId> {
    let those = system.message_delivery.iter().filter(|(_, delivery)| delivery.parameters.peer == *peer);
    those.map(|(message, _)| *message).collect()
}

/// Messages whose turn it is may go, until so many are on their way.
pub fn release(world: &mut World, peer: NodeId, at_once: u8) {
    while let Some(message) = world.send_queue.next(&peer, usize::from(at_once)) {
        world.tell(gateway::message_delivery::turn(message));
    }
}
