//! Messages on disk that are on their way: why they wait there, for the user.

use crate::automata::outbox::Inside as Action;
use crate::world::{Command, World};

/// Performs an action.
pub fn perform(world: &mut World, action: Action) {
    match action {
        Action::ReportLoaded => world.problems.outbox = None,
        Action::ReportFailure { reason } => {
            let what = "messages that are on their way cannot be read from disk".to_owned();
            world.command(Command::Report { what, reason: reason.clone() });
            world.problems.outbox = Some(reason);
        }
    }
}
