//! A search for everybody who claims a nickname.

use crate::automata::nickname_observer::Action;
use crate::node::{Command, DhtCommand, World};

/// Performs an action of the search.
pub fn perform(world: &mut World, search: u64, action: Action) {
    match action {
        Action::ReadSlots { nickname, slots, first } => {
            world.command(Command::Dht(DhtCommand::ReadSlots { search, nickname, slots, first }));
        }
        Action::CancelReading => world.command(Command::Dht(DhtCommand::CancelReading(search))),
        Action::ReportClaimant { index, claimant } => {
            world.command(Command::ReportClaimant { search, index, claimant });
        }
        Action::ReportEnd { complete } => {
            world.command(Command::ReportSearchEnd { search, is_complete: complete });
        }
    }
}
