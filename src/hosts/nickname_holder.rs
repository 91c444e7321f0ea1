//! Our nickname: what the user is told of it.

use crate::automata::nickname_holder::Inside as Action;
use crate::automata::types::{NicknameResult, SlotState};
use crate::node::{Command, World};

/// Performs an action.
pub fn perform(world: &mut World, action: Action) {
    match action {
        Action::Report { result, nickname, index } => {
            if result == NicknameResult::Failed {
                // Nothing went wrong with the last question.
                let why = || match world.nickname.read {
                    Some(SlotState::Prevails) => "others hold all places of this name".to_owned(),
                    Some(_) => "the DHT does not keep the claim, or somebody writes over it".to_owned(),
                    None => "the DHT does not answer".to_owned(),
                };
                world.nickname.problem.get_or_insert_with(why);
            }
            world.nickname.report = Some((result, nickname.clone(), index));
            world.command(Command::ReportNickname { result, nickname, index });
        }
    }
}
