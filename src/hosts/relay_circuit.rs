//! Sessions that one node carries for two others: whom we carry, by whom we are called, and whom we ask.

use crate::automata::relay_circuit::{Conditions, Inside as Action};
use crate::automata::senders::peers;
use crate::automata::system::System;
use crate::identity::NodeId;
use crate::world::{CircuitId, Session, SessionId, World};

impl Conditions for World {
    fn offered(&mut self, _: &CircuitId) -> bool {
        self.relay.is_offered
    }

    fn serves(&mut self, _: &CircuitId, peer: &NodeId) -> bool {
        self.relay.serves(self.is_friend(peer))
    }

    fn here(&mut self, _: &CircuitId, peer: &NodeId) -> bool {
        self.sessions.direct(peer).is_some() && !self.refused.contains(peer)
    }

    fn room_for(&mut self, _: &CircuitId, peer: &NodeId) -> bool {
        let is_friend = self.is_friend(peer);
        self.relay.has_room_for(peer, is_friend) && self.relay.may_ask(peer, is_friend, self.now.ms)
    }

    fn heeded(&mut self, _: &CircuitId, carrier: &NodeId) -> bool {
        self.relay.is_used
            && self.is_friend(carrier)
            && self.sessions.direct(carrier).is_some_and(|(_, session)| session.relays)
    }

    fn wanted(&mut self, _: &CircuitId, caller: &NodeId) -> bool {
        is_wanted(self, caller) && *caller != self.me
    }

    fn may_know(&mut self, _: &CircuitId, carrier: &NodeId, caller: &NodeId) -> bool {
        self.calls.may_know(carrier, caller, self.now.ms)
    }
}

/// Performs an action of the circuit.
pub fn perform(world: &mut World, circuit: CircuitId, action: &Action) {
    match action {
        Action::KeepPlace { peer } => {
            let (is_friend, now_ms) = (world.is_friend(peer), world.now.ms);
            world.relay.keep(circuit, *peer, is_friend, now_ms);
        }
        Action::LeavePlace => world.relay.leave(circuit),
        Action::NoteTaken { carrier, caller } => world.calls.taken(*carrier, *caller),
        Action::NoteUnwanted { carrier } => {
            let now_ms = world.now.ms;
            world.calls.unwanted(*carrier, now_ms);
        }
        Action::NoteBytes { bytes } => {
            world.relay.carried.sessions += 1;
            world.relay.carried.bytes = world.relay.carried.bytes.saturating_add(*bytes);
        }
    }
}

/// The next node that may carry a session with that peer, and our session with it. Only those are asked whom our user
/// has named: whoever carries a session learns who talks with whom.
#[must_use]
pub fn next_go_between(world: &World, peer: &NodeId) -> Option<(NodeId, SessionId)> {
    if !is_wanted(world, peer) || !world.sessions.has_room() {
        return None;
    }
    let ready = world.sessions.ready_peers();
    let may_carry = ready.filter(|(other, id)| may_carry(world, other, *id, peer)).map(|(other, _)| *other);
    let next = world.relay.next(peer, may_carry)?;
    world.sessions.ready(&next).map(|session| (next, session))
}

/// Whether there is a node that may carry a session with that peer, whether it was asked or not.
#[must_use]
pub fn has_go_between(world: &World, peer: &NodeId) -> bool {
    is_wanted(world, peer) && world.sessions.ready_peers().any(|(other, id)| may_carry(world, other, id, peer))
}

fn is_wanted(world: &World, peer: &NodeId) -> bool {
    world.relay.is_used && world.contacts.contains(peer) && !world.refused.contains(peer)
}

fn may_carry(world: &World, other: &NodeId, id: SessionId, peer: &NodeId) -> bool {
    let carries = |session: &Session| session.relays && !session.is_carried();
    other != peer && world.is_friend(other) && world.sessions.get(id).is_some_and(carries)
}

/// A peer says whether it carries sessions of others. Whoever is looked for may be reached through it.
pub fn offered(world: &mut World, system: &System, go_between: NodeId, relays: bool) {
    let Some(session) = world.sessions.ready(&go_between).and_then(|id| world.sessions.get_mut(id)) else { return };
    let relayed_before = std::mem::replace(&mut session.relays, relays);
    if relays && !relayed_before {
        tell_links(world, system, &go_between);
    }
}

/// Somebody is here who may carry sessions with those whom we look for.
pub fn tell_links(world: &mut World, system: &System, go_between: &NodeId) {
    let Some((id, _)) = world.sessions.direct(go_between) else { return };
    tell(world, system, |world, peer| is_wanted(world, peer) && may_carry(world, go_between, id, peer));
}

/// Others may carry our sessions from now on. Those whom we look for may be reached through them.
pub fn tell_all_links(world: &mut World, system: &System) {
    tell(world, system, has_go_between);
}

/// Of those whom we look for, these may be reached now.
fn tell(world: &mut World, system: &System, which: impl Fn(&World, &NodeId) -> bool) {
    let looked_for = system.peer_link.iter().map(|(peer, _)| *peer);
    let looked_for = looked_for.filter(|peer| world.sessions.ready(peer).is_none());
    let peers: Vec<NodeId> = looked_for.filter(|peer| which(world, peer)).collect();
    for peer in peers {
        world.tell(peers::peer_link::address_learnt(peer));
    }
}
