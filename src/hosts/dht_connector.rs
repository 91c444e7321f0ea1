//! Why there is no DHT, for the user.

use crate::automata::dht_connector::Inside as Action;
use crate::automata::senders::dht;
use crate::world::{Command, World};

/// Performs an action.
pub fn perform(world: &mut World, action: Action) {
    match action {
        Action::ReportFailure { reason } => {
            // It is tried again and again; the same reason is told once.
            if world.problems.dht.replace(reason.clone()).as_ref() != Some(&reason) {
                world.command(Command::Report { what: "there is no DHT".to_owned(), reason });
            }
        }
    }
}

/// There is a socket. What was asked by way of the one before is not answered any more.
pub fn opened(world: &mut World) {
    world.problems.dht = None;
    world.finding.clear();
    world.tell(dht::dht_connector::opened());
}
