//! Our identity document in the DHT, and the documents of contacts.

use crate::automata::identity_publisher::Inside as Action;
use crate::automata::system::System;
use crate::identity::NodeId;
use crate::world::World;

use super::p2p_connector;

/// Performs an action.
pub fn perform(world: &mut World, system: &System, action: Action) {
    match action {
        Action::RefreshContacts => {
            // Who is here tells by its session.
            let away = |peer: &&NodeId| world.sessions.ready(peer).is_none();
            let peers: Vec<NodeId> = world.contacts.iter().filter(away).copied().collect();
            for peer in peers {
                world.find_identity(peer);
            }
        }
        Action::ReportPublished => {
            world.unpublished_because = None;
            propagated(world, system);
        }
        Action::ReportUnpublished { reason } => {
            world.unpublished_because = Some(reason);
            propagated(world, system);
        }
    }
}

/// The propagation of our identity does not wait for the DHT any more, if it has.
fn propagated(world: &mut World, system: &System) {
    if std::mem::take(&mut world.handshakes.is_publishing) {
        p2p_connector::look_at_propagation(world, system);
    }
}
