//! Our identity document in the DHT, and the documents of contacts.

use crate::automata::identity_publisher::Inside as Action;
use crate::identity::NodeId;
use crate::world::World;

/// Performs an action.
pub fn perform(world: &mut World, action: Action) {
    match action {
        Action::RefreshContacts => {
            // Who is here tells by its session.
            let away = |peer: &&NodeId| world.sessions.ready(peer).is_none();
            let peers: Vec<NodeId> = world.contacts.iter().filter(away).copied().collect();
            for peer in peers {
                world.find_identity_as_of_now(peer);
            }
        }
        Action::ReportPublished => world.problems.publishing = None,
        Action::ReportUnpublished { reason } => world.problems.publishing = Some(reason),
    }
}
