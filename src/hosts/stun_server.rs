//! Where others can ask us at which address we see them, and why they cannot.

use crate::automata::stun_server::Inside as Action;
use crate::world::{Command, World};

/// Performs an action.
pub fn perform(world: &mut World, action: Action) {
    match action {
        Action::NoteServing { entrypoints } => {
            world.stun.entrypoints = entrypoints;
            world.stun.problem = None;
        }
        Action::NoteClosed => world.stun.entrypoints.clear(),
        Action::ReportFailure { reason } => {
            if world.stun.problem.as_ref() != Some(&reason) {
                let what = "no STUN request is answered".to_owned();
                world.command(Command::Report { what, reason: reason.clone() });
            }
            world.stun.problem = Some(reason);
        }
    }
}
