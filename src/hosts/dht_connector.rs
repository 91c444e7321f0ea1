//! The node of the DHT: opened, looked after and closed.

use crate::automata::dht_connector::Action;
use crate::node::{Command, DhtCommand, World};

/// Performs an action.
pub fn perform(world: &mut World, action: Action) {
    match action {
        Action::Open => world.command(Command::Dht(DhtCommand::Open)),
        Action::Look => world.command(Command::Dht(DhtCommand::Look)),
        Action::SaveNodes => world.command(Command::Dht(DhtCommand::SaveNodes)),
        Action::Close => world.command(Command::Dht(DhtCommand::Close)),
        Action::ReportFailure { reason } => {
            world.dht_failure = Some(reason.clone());
            world.command(Command::Report { what: "there is no DHT".to_owned(), reason });
        }
    }
}
