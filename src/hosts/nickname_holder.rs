//! Our nickname: its slots in the DHT, and what the user is told of it.

use crate::automata::nickname_holder::Action;
use crate::node::{Command, DhtCommand, World};

/// Performs an action.
pub fn perform(world: &mut World, action: Action) {
    match action {
        Action::ReadSlot { nickname: Some(nickname), index } => {
            world.command(Command::Dht(DhtCommand::ReadSlot(nickname, index)));
        }
        Action::WriteSlot { nickname: Some(nickname), index } => {
            world.command(Command::Dht(DhtCommand::WriteSlot(nickname, index)));
        }
        Action::EraseSlot { nickname: Some(nickname), index } => {
            world.command(Command::Dht(DhtCommand::EraseSlot(nickname, index)));
        }
        // There is a nickname wherever the holder works; without one there is nothing to do, and its time-out says so.
        Action::ReadSlot { .. } | Action::WriteSlot { .. } | Action::EraseSlot { .. } => {}
        Action::Report { result, nickname, index } => {
            world.nickname.report = Some((result, nickname.clone(), index));
            world.command(Command::ReportNickname { result, nickname, index });
        }
    }
}
