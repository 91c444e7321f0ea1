//! Counts how long contacts were there.

use crate::automata::contact_ratings::Inside as Action;
use crate::automata::system::System;
use crate::world::{Command, World};

/// Performs an action.
pub fn perform(world: &mut World, system: &System, action: &Action) {
    match action {
        Action::Count => {
            let is_here = |peer| system.contact_status.get(peer).is_some_and(|status| status.state().is_in_connected());
            let counted = world.contacts.iter().map(|peer| (*peer, is_here(peer))).collect();
            world.command(Command::CountPresence(counted));
        }
    }
}
