//! Why there is no DHT, for the user.

use crate::automata::dht_connector::Inside as Action;
use crate::node::{Command, World};

/// Performs an action.
pub fn perform(world: &mut World, action: Action) {
    match action {
        Action::ReportFailure { reason } => {
            world.dht_failure = Some(reason.clone());
            world.command(Command::Report { what: "there is no DHT".to_owned(), reason });
        }
    }
}
