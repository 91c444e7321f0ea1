//! Nicknames in a DHT that all nodes see alike: who gets which slot, and who is found.

use std::collections::BTreeSet;

use bitpie::automata::types::NicknameResult;
use bitpie::automata::{nickname_holder, nickname_observer};
use bitpie::identity::NodeId;
use bitpie::nickname::Nickname;
use bitpie::world::{Input, RequestId, UserRequest};

use crate::network::{World, id};

fn alice() -> Nickname {
    "alice".parse().expect("a nickname")
}

impl World {
    fn wish(&mut self, index: usize, nickname: Option<Nickname>) {
        self.tell(index, 0, Input::Request(UserRequest::SetNickname(nickname)));
    }

    fn holder(&self, index: usize) -> Option<nickname_holder::State> {
        self.hosts[index].core.system().nickname_holder.get().map(|holder| holder.state())
    }

    fn is_held(&self, index: usize) -> bool {
        matches!(self.holder(index), Some(nickname_holder::State::Fresh | nickname_holder::State::Held))
    }

    fn slot(&self, slot: u8) -> Option<NodeId> {
        self.dht.slots.get(&(alice(), slot)).copied()
    }

    fn results(&self, index: usize) -> Vec<(NicknameResult, u8)> {
        self.hosts[index].nickname_reports.iter().map(|(result, _, slot)| (*result, *slot)).collect()
    }

    /// Everybody whom `index` finds, by slot.
    fn search(&mut self, index: usize, search: u64, first: bool) -> Vec<(u8, NodeId)> {
        let find = UserRequest::FindNickname { search, nickname: alice(), first };
        self.tell(index, 0, Input::Request(find));
        self.run_until("the search is over", |world| {
            world.hosts[index].found.get(&search).is_some_and(|search| search.is_complete.is_some())
        });
        let mut found = self.hosts[index].found[&search].claimants.clone();
        found.sort();
        found
    }
}

fn connected(count: usize) -> World {
    let mut world = World::new(count, false);
    world.begin_all();
    world.run_until("all are in the DHT", |world| {
        (0..world.hosts.len()).all(|index| world.dht.documents.contains_key(&id(index as u8 + 1)))
    });
    world
}

#[test]
fn a_name_that_nobody_has_is_registered_kept_and_found() {
    let mut world = connected(2);
    world.wish(0, Some(alice()));
    world.run_until("it is held", |world| world.is_held(0));
    assert_eq!(world.results(0), [(NicknameResult::Registered, 0)]);
    assert_eq!(world.search(1, 2, false), [(0, id(1))]);
    // Checked every five minutes, and written again before it fades.
    world.run_for(3_600_000);
    assert!(world.is_held(0));
    let own = world.results(0).iter().filter(|(result, _)| *result == NicknameResult::Own).count();
    let registered = world.results(0).iter().filter(|(result, _)| *result == NicknameResult::Registered).count();
    assert!(own >= 9 && registered == 2, "{own} checks, {registered} registrations");
    assert_eq!(world.odd(), Vec::<String>::new());
}

#[test]
fn ten_who_want_one_name_at_the_same_moment_get_a_slot_each() {
    let mut world = connected(10);
    for index in 0..10 {
        world.wish(index, Some(alice()));
    }
    world.run_for(3_600_000);
    let held: Vec<usize> = (0..10).filter(|index| world.is_held(*index)).collect();
    let slots: BTreeSet<NodeId> = (0..10).filter_map(|slot| world.slot(slot)).collect();
    assert_eq!(held.len(), 10, "{:?}", (0..10).map(|index| world.results(index)).collect::<Vec<_>>());
    assert_eq!(slots.len(), 10, "each has a slot of its own: {slots:?}");
    let everybody = world.search(3, 9, false);
    assert_eq!(everybody.len(), 10);
    assert!(everybody.iter().all(|(slot, claimant)| world.slot(*slot) == Some(*claimant)));
}

#[test]
fn a_slot_into_which_nobody_can_write_is_passed_over() {
    let mut world = connected(1);
    world.dht.exhausted.extend([0, 1]);
    world.wish(0, Some(alice()));
    world.run_until("it is held", |world| world.is_held(0));
    assert_eq!(world.slot(2), Some(id(1)));
}

#[test]
fn a_name_is_changed_and_cleared_and_the_old_one_is_given_up() {
    let mut world = connected(1);
    world.wish(0, Some(alice()));
    world.run_until("it is held", |world| world.is_held(0));
    let bob: Nickname = "bob".parse().expect("a nickname");
    world.wish(0, Some(bob.clone()));
    world.run_until("the other is held", |world| world.dht.slots.contains_key(&(bob.clone(), 0)) && world.is_held(0));
    assert_eq!(world.slot(0), None);
    world.wish(0, None);
    world.run_until("it is cleared", |world| world.holder(0) == Some(nickname_holder::State::AtStartup));
    assert!(world.dht.slots.is_empty());
    assert_eq!(world.results(0).last().map(|(result, _)| *result), Some(NicknameResult::Cleared));
}

#[test]
fn a_name_is_registered_as_soon_as_there_is_a_dht() {
    let mut world = World::new(1, false);
    world.hosts[0].is_plugged = false;
    world.wish(0, Some(alice()));
    world.begin(0);
    world.run_for(90_000);
    assert!(!world.is_held(0));
    world.hosts[0].is_plugged = true;
    world.run_until("it is held", |world| world.is_held(0));
}

#[test]
fn the_holder_ends_with_its_service_and_comes_back_with_it() {
    let mut world = connected(1);
    world.wish(0, Some(alice()));
    world.run_until("it is held", |world| world.is_held(0));
    let service: bitpie::name::ServiceName = "private-messages".parse().expect("a name");
    world.switch(0, RequestId(2), service.clone(), false);
    world.run_until("it is gone", |world| world.holder(0).is_none());
    world.switch(0, RequestId(4), service.clone(), true);
    world.run_until("it is held again", |world| world.is_held(0));
    assert_eq!(world.odd(), Vec::<String>::new());
}

#[test]
fn the_first_claimant_ends_a_search_for_one() {
    let mut world = connected(3);
    world.wish(0, Some(alice()));
    world.wish(1, Some(alice()));
    world.run_for(1_800_000);
    assert_eq!(world.search(2, 5, true).len(), 1);
    let observer = world.hosts[2].core.system().nickname_observer.get(&5).map(|observer| observer.state());
    assert!(matches!(observer, None | Some(nickname_observer::State::Found)), "{observer:?}");
    // Others may claim it too.
    assert_eq!(world.hosts[2].found[&5].is_complete, Some(false));
}

#[test]
fn a_search_is_complete_only_if_all_slots_have_answered() {
    let mut world = connected(2);
    world.wish(0, Some(alice()));
    world.run_until("it is held", |world| world.is_held(0));
    // Slot 9 is read first, slot 0 last, whose holder is heard of nevertheless.
    for (search, silent, answered) in [(2, vec![], 10), (4, vec![4], 9), (6, vec![0], 9), (8, vec![9, 5], 8)] {
        world.dht.silent = silent.into_iter().collect();
        assert_eq!(world.search(1, search, false), [(0, id(1))]);
        let ended = &world.hosts[1].found[&search];
        assert_eq!((ended.is_complete, ended.answered), (Some(answered == 10), answered));
    }
    world.dht.silent = (0..10).collect();
    world.wish(0, None);
    world.run_until("it is cleared", |world| world.holder(0) == Some(nickname_holder::State::AtStartup));
    for (search, first) in [(10, false), (12, true)] {
        assert_eq!(world.search(1, search, first), []);
        let ended = &world.hosts[1].found[&search];
        assert_eq!((ended.is_complete, ended.answered), (Some(false), 0));
    }
}

#[test]
fn a_contact_is_found_by_its_id_alone() {
    let mut world = connected(2);
    world.tell(0, 0, Input::ContactAdded { peer: id(2), entrypoints: Vec::new() });
    world.run_until("it is online", |world| world.is_online(0, 1));
}

#[test]
fn a_document_is_written_again_before_it_fades_and_those_of_friends_who_are_away_are_looked_for() {
    let mut world = connected(2);
    world.run_for(600_000);
    let (away, here) = (id(77), id(2));
    for peer in [away, here] {
        world.tell(0, 0, Input::ContactAdded { peer, entrypoints: Vec::new() });
    }
    world.run_until("one is online", |world| world.is_online(0, 1));
    let before = world.dht.writings[&id(1)];
    let looked = |world: &World, peer| world.dht.lookups.get(&peer).copied().unwrap_or(0);
    let (away_before, here_before) = (looked(&world, away), looked(&world, here));
    world.run_for(3 * 3_600_000 + 60_000);
    assert_eq!(world.dht.writings[&id(1)] - before, 3, "each hour");
    // Each half hour, and after each round of calls that reached nobody: in the end every ten minutes, by the link and
    // by the contact.
    let lookups = looked(&world, away) - away_before;
    assert!((6..=3 * (2 + 6 + 6) + 1).contains(&lookups), "{lookups}");
    assert_eq!(looked(&world, here), here_before, "who is here tells by its session");
    assert_eq!(world.odd(), Vec::<String>::new());
}

#[test]
fn whether_a_node_is_there_is_found_out() {
    let mut world = connected(3);
    world.wish(1, Some(alice()));
    world.run_until("it is held", |world| world.is_held(1));
    assert_eq!(world.search(0, 2, false), [(0, id(2))]);
    world.reach(0, id(2));
    world.run_until("it answers", |world| world.hosts[0].reached.get(&id(2)) == Some(&true));
    // Somebody of whom nothing is known.
    world.reach(0, id(77));
    world.run_until("it does not", |world| world.hosts[0].reached.get(&id(77)) == Some(&false));
    let links = world.hosts[0].core.system().peer_link.iter().count();
    assert_eq!(links, 0, "links that only served to find out are given up");
}
