//! Read receipts: those that are on their way to each contact, and since when.

use crate::automata::read_receipts::Inside as Action;
use crate::automata::senders::gateway;
use crate::automata::system::System;
use crate::identity::NodeId;
use crate::wire::{PacketBody, PacketIds};
use crate::world::World;

/// Performs an action.
pub fn perform(world: &mut World, peer: NodeId, action: Action) {
    match action {
        Action::HandOver { messages } => hand_over(world, peer, messages),
        Action::Forget => {
            world.receipts.remove(&peer);
        }
    }
}

fn hand_over(world: &mut World, peer: NodeId, messages: PacketIds) {
    let mut on_their_way = world.receipts.remove(&peer).unwrap_or_default();
    let may_go = if world.sessions.ready(&peer).is_some() { messages } else { Vec::new() };
    for message in may_go {
        if !on_their_way.contains_key(&message) && world.send_packet(peer, PacketBody::read(message)).is_some() {
            on_their_way.insert(message, world.now.ms);
        }
    }
    let count = u32::try_from(on_their_way.len()).unwrap_or(u32::MAX);
    world.receipts.insert(peer, on_their_way);
    world.tell(gateway::read_receipts::handed_over(peer, count));
}

/// A contact has answered a PING that was sent then: what went before it has come.
pub fn answered(world: &mut World, system: &System, peer: NodeId, pinged_ms: u64) {
    let Some(on_their_way) = world.receipts.get_mut(&peer) else { return };
    let has_come = |sent_ms: &u64| *sent_ms < pinged_ms;
    let come: PacketIds = on_their_way.iter().filter(|(_, sent)| has_come(sent)).map(|(id, _)| *id).collect();
    on_their_way.retain(|_, sent_ms| !has_come(sent_ms));
    if !come.is_empty() {
        world.tell_if_there(system, gateway::read_receipts::came(peer, come));
    }
}
