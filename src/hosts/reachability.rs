//! Whether a node is there now: a link is hurried, and let go again.

use crate::automata::reachability::{Conditions, Inside as Action};
use crate::automata::senders::contacts;
use crate::automata::system::System;
use crate::identity::NodeId;
use crate::world::World;

use super::peer_link;

impl Conditions for World {
    fn myself(&mut self, peer: &NodeId) -> bool {
        *peer == self.me
    }

    fn in_session(&mut self, peer: &NodeId) -> bool {
        self.sessions.ready(peer).is_some()
    }

    fn under_way(&mut self, _: &NodeId) -> u16 {
        u16::try_from(self.reaching.len()).unwrap_or(u16::MAX)
    }
}

/// Performs an action.
pub fn perform(world: &mut World, system: &System, peer: NodeId, action: &Action) {
    match action {
        Action::HurryLink => {
            world.reaching.insert(peer);
            peer_link::hurry(world, system, peer);
        }
        Action::ReleaseLink => {
            world.reaching.remove(&peer);
            if !world.contacts.contains(&peer) && !world.bootstrap.contains(&peer) {
                world.tell_if_there(system, contacts::peer_link::unwanted(peer));
            }
        }
    }
}
