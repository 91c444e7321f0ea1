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

/// Somebody claims the nickname: where that node says it can be reached.
pub fn heard_of(world: &mut World, claimant: NodeId, entrypoints: &[Entrypoint]) {
    world.learn(claimant, entrypoints, PeerSource::Dht);
}

/// A slot was read: whose it is, and whether enough have answered to know that it is nobody else's.
pub fn slot_read(
    world: &mut World,
    system: &System,
    search: u64,
    index: u8,
    claimant: Option<NodeId>,
    is_answered: bool,
) {
    let message = if is_answered {
        dht::nickname_observer::slot_read(search, index, claimant)
    } else {
        dht::nickname_observer::slot_silent(search, index, claimant)
    };
    world.tell_if_there(system, message);
}
