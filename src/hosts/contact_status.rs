//! Contacts: their handshake, their messages that may go, and who is one.

use crate::automata::contact_status::{Conditions, Inside as Action};
use crate::automata::senders::{api, contacts, handshake, peers};
use crate::automata::system::System;
use crate::identity::{Entrypoint, NodeId};
use crate::world::{Purpose, World};

use super::connections::{self, Told};
use super::{message_delivery, peer_link};
use crate::peers::PeerSource;

impl Conditions for World {
    fn in_session(&mut self, peer: &NodeId) -> bool {
        self.sessions.ready(peer).is_some()
    }
}

/// Performs an action of the contact.
pub fn perform(world: &mut World, peer: NodeId, action: &Action) {
    match action {
        Action::SendMyIdentity => {
            let ours = world.our_document();
            match world.send_packet(peer, ours) {
                Some(packet) => world.acknowledgements.wait(packet, peer, Purpose::Contact),
                None => world.tell(handshake::contact_status::send_failed(peer)),
            }
        }
        Action::CancelHandshake => {
            world.acknowledgements.forget(Some(&peer), Some(Purpose::Contact));
        }
        Action::RememberTime => {
            let now_unix_ms = world.now.unix_ms;
            world.peers.entry(peer, PeerSource::Itself, now_unix_ms).seen(now_unix_ms);
        }
        Action::ReleaseMessages { at_once } => message_delivery::release(world, peer, *at_once),
    }
}

/// Somebody has to be looked after as a contact: whether it is here, and by a session.
pub fn look_after(world: &mut World, peer: NodeId) {
    peer_link::want(world, peer);
    world.tell(contacts::contact_status::contact_added(peer));
}

/// Our user does not want to hear of somebody: sessions with that node end without a word, as if we had gone.
pub fn refused(world: &mut World, system: &System, peer: NodeId) {
    removed(world, system, peer);
    world.refused.insert(peer);
    let theirs = world.sessions.iter().filter(|(_, session)| session.peer == Some(peer));
    for session in theirs.map(|(id, _)| id).collect::<Vec<_>>() {
        connections::tell(world, system, session, Told::Disconnect);
    }
}

/// Somebody is a contact from now on.
pub fn added(world: &mut World, system: &System, peer: NodeId, entrypoints: &[Entrypoint]) {
    world.refused.remove(&peer);
    world.peers.name(peer);
    world.acquaint(peer);
    let is_new = world.learn(peer, entrypoints, PeerSource::User);
    world.remember_peer(&peer);
    if is_new {
        world.tell_if_there(system, peers::peer_link::address_learnt(peer));
    }
    if world.contacts.insert(peer) && world.is_service_on(system, "p2p-hookups") {
        look_after(world, peer);
    }
}

/// Somebody is no contact any more.
pub fn removed(world: &mut World, system: &System, peer: NodeId) {
    world.contacts.remove(&peer);
    world.relay.forget(&peer);
    world.refused.remove(&peer);
    let is_wanted = world.bootstrap.contains(&peer);
    if !is_wanted {
        world.peers.unname(&peer);
    }
    world.tell_if_there(system, contacts::contact_status::shutdown(peer));
    if !is_wanted {
        world.tell_if_there(system, contacts::peer_link::unwanted(peer));
    }
    message_delivery::give_up(world, system, &peer);
}

/// The user asks whether a contact is there. Somebody waits for it, so it is tried even if it was tried lately.
pub fn ping(world: &mut World, system: &System, peer: NodeId) {
    peer_link::hurry(world, system, peer);
    world.tell(api::contact_status::ping_now(peer));
    world.tell(api::p2p_connector::ping_contact(peer));
}
