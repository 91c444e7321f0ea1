//! Where others can ask us at which address we see them, and why they cannot.

use crate::automata::senders::services;
use crate::automata::stun_server::Inside as Action;
use crate::automata::system::System;
use crate::identity::Entrypoint;
use crate::world::{Command, World};

/// Performs an action.
pub fn perform(world: &mut World, system: &System, action: Action) {
    match action {
        Action::NoteServing { entrypoints } => {
            world.stun.problem = None;
            set_entrypoints(world, system, entrypoints);
        }
        Action::NoteClosed => set_entrypoints(world, system, Vec::new()),
        Action::ReportFailure { reason } => {
            if world.stun.problem.as_ref() != Some(&reason) {
                let what = "no STUN request is answered".to_owned();
                world.command(Command::Report { what, reason: reason.clone() });
            }
            world.stun.problem = Some(reason);
        }
    }
}

fn set_entrypoints(world: &mut World, system: &System, entrypoints: Vec<Entrypoint>) {
    if world.stun.entrypoints != entrypoints {
        world.stun.entrypoints = entrypoints;
        world.tell_if_there(system, services::p2p_connector::check_synchronize());
    }
}
