//! Our identity document in the DHT, and the documents of contacts.

use crate::automata::identity_publisher::Action;
use crate::identity::NodeId;
use crate::node::{Command, DhtCommand, World};

/// Performs an action.
pub fn perform(world: &mut World, action: Action) {
    match action {
        Action::Publish => world.command(Command::Dht(DhtCommand::Publish)),
        Action::RefreshContacts => {
            // Who is here tells by its session.
            let away = |peer: &&NodeId| world.sessions.ready(peer).is_none();
            let peers: Vec<NodeId> = world.contacts.iter().filter(away).copied().collect();
            for peer in peers {
                world.command(Command::Dht(DhtCommand::FindIdentity(peer)));
            }
        }
        Action::ReportPublished => {
            world.handshakes.is_publishing = false;
            world.unpublished_because = None;
            world.look_at_propagation();
        }
        Action::ReportUnpublished { reason } => {
            world.handshakes.is_publishing = false;
            world.unpublished_because = Some(reason);
            world.look_at_propagation();
        }
    }
}
