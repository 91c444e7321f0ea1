//! A search for a nickname: begun and ended for the user, and told what each slot holds. Whatever it asks is asked of
//! parts outside.

use crate::automata::senders::{api, dht};
use crate::automata::system::System;
use crate::identity::{Entrypoint, NodeId};
use crate::nickname::Nickname;
use crate::peers::PeerSource;
use crate::world::World;

/// The user wants to find everybody who claims a nickname, or the first.
pub fn find(world: &mut World, search: u64, nickname: Nickname, first: bool) {
    world.tell(if first {
        api::nickname_observer::find_one(search, nickname)
    } else {
        api::nickname_observer::observe_many(search, nickname)
    });
}

/// A slot has answered: whose it is, and where that node says it can be reached.
pub fn slot_read(
    world: &mut World,
    system: &System,
    search: u64,
    index: u8,
    claimant: Option<NodeId>,
    entrypoints: &[Entrypoint],
) {
    if let Some(claimant) = claimant {
        world.learn(claimant, entrypoints, PeerSource::Dht);
    }
    world.tell_if_there(system, dht::nickname_observer::slot_read(search, index, claimant));
}
