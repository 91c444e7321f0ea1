//! Our nickname: what the user is told of it.

use crate::automata::nickname_holder::{Conditions, Inside as Action};
use crate::automata::senders::{api, dht};
use crate::automata::system::System;
use crate::automata::types::{NicknameResult, SlotState};
use crate::nickname::Nickname;
use crate::world::{Command, World};

impl Conditions for World {
    fn document_names(&mut self, nickname: Option<&Nickname>) -> bool {
        self.identity.name.as_ref() == nickname
    }
}

/// Performs an action.
pub fn perform(world: &mut World, action: Action) {
    match action {
        Action::NoteProblem { problem } => world.nickname.problem = Some(problem),
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
            note_place(world, result, nickname.as_ref(), index);
            world.nickname.report = Some((result, nickname.clone(), index));
            world.command(Command::ReportNickname { result, nickname, index });
        }
    }
}

/// Keeps which slot is ours, and tells the user at once if it is not any more.
fn note_place(world: &mut World, result: NicknameResult, nickname: Option<&Nickname>, index: u8) {
    let is_claimed = world.nickname.read == Some(SlotState::Prevails);
    match result {
        NicknameResult::Own | NicknameResult::Registered => {
            world.nickname.held = Some(index);
            world.nickname.lost = world.nickname.lost.filter(|lost| *lost != index);
        }
        NicknameResult::Cleared => (world.nickname.held, world.nickname.lost) = (None, None),
        // That it could not be read says nothing of whose it is.
        NicknameResult::Failed if !is_claimed => {}
        NicknameResult::Exists | NicknameResult::Failed => {
            let Some(nickname) = nickname.filter(|_| world.nickname.held == Some(index)) else { return };
            (world.nickname.held, world.nickname.lost) = (None, Some(index));
            world.command(Command::NicknameTaken { nickname: nickname.clone(), index, is_claimed });
        }
    }
}

/// The user wants to be known by another name, or by none.
pub fn set(world: &mut World, system: &System, nickname: Option<Nickname>) {
    if world.nickname.wanted != nickname {
        (world.nickname.held, world.nickname.lost) = (None, None);
    }
    world.nickname.wanted.clone_from(&nickname);
    // A claim counts only once our identity document names the nickname too.
    world.tell_if_there(system, api::p2p_connector::check_synchronize());
    // Otherwise it is taken up as soon as the service is on.
    if world.is_service_on(system, "private-messages") {
        match nickname {
            Some(nickname) => world.tell(api::nickname_holder::set_nickname(nickname)),
            None => world.tell_if_there(system, api::nickname_holder::clear_nickname()),
        }
    }
}

/// A slot of the nickname that is to be ours was read: what it holds, or why it could not be read.
pub fn slot_read(world: &mut World, slot: Result<SlotState, String>) {
    match slot {
        Ok(slot) => {
            world.nickname.problem = None;
            world.nickname.read = Some(slot);
            world.tell(dht::nickname_holder::slot_read(slot));
        }
        Err(reason) => {
            world.nickname.problem = Some(reason);
            world.nickname.read = None;
            world.tell(dht::nickname_holder::read_failed());
        }
    }
}

/// Our claim is not in the slot.
pub fn write_failed(world: &mut World, reason: String, is_exhausted: bool) {
    world.nickname.problem = Some(reason);
    world.tell(dht::nickname_holder::write_failed(is_exhausted));
}

/// Our claim is not in the slot any more, or may be for this reason.
pub fn slot_erased(world: &mut World, problem: Option<String>) {
    world.nickname.problem = problem;
    world.tell(dht::nickname_holder::slot_erased());
}
