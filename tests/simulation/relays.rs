//! Two whom no router lets through, and who carries their session.

use automata_runtime::Record;
use bitpie::identity::Entrypoint;
use bitpie::messages::DeliveryState;
use bitpie::name::{ServiceName, relay_name};
use bitpie::peers::{KnownPeer, PeerSource};
use bitpie::world::{DhtInput, Input, RequestId};

use crate::network::{World, id};

const GO_BETWEEN: usize = 2;

fn relay() -> ServiceName {
    "relay".parse().expect("a name")
}

/// The first two are behind routers that let nobody in, and know each other; who knows the third, which carries
/// sessions, is said.
fn behind_shut_routers(knows_go_between: impl Fn(usize) -> bool) -> World {
    let is_contact = |one: usize, other: usize| match (one, other) {
        (GO_BETWEEN, other) | (other, GO_BETWEEN) => knows_go_between(other) && one != GO_BETWEEN,
        _ => true,
    };
    let mut world = World::acquainted(3, is_contact, |_| 8);
    for host in &mut world.hosts[..2] {
        (host.is_behind_router, host.lets_nobody_in) = (true, true);
    }
    world.begin_all();
    world
}

fn both_see_each_other(world: &World) -> bool {
    world.is_online(0, 1) && world.is_online(1, 0)
}

/// Who carries the session of the first two.
fn carrier(world: &World) -> Option<bitpie::identity::NodeId> {
    let sessions = &world.hosts[0].core.world().sessions;
    sessions.get(sessions.ready(&id(2))?)?.through
}

#[test]
fn two_whom_no_router_lets_through_talk_by_a_node_that_both_know() {
    let mut world = behind_shut_routers(|_| true);
    world.switch(GO_BETWEEN, RequestId(900), relay(), true);
    world.run_until("they see each other", both_see_each_other);
    assert!(world.now_ms < 10_000, "after {} ms", world.now_ms);
    assert_eq!(carrier(&world), Some(id(3)));
    world.write(0, 1, 7);
    world.write(1, 0, 8);
    world.run_until("they are delivered", |world| {
        world.state_of(0, 7) == DeliveryState::Delivered && world.state_of(1, 8) == DeliveryState::Delivered
    });
    assert_eq!(world.odd(), Vec::<String>::new());
}

#[test]
fn whoever_begins_to_carry_later_is_asked_then() {
    let mut world = behind_shut_routers(|_| true);
    world.run_for(120_000);
    assert!(!world.is_online(0, 1));
    world.switch(GO_BETWEEN, RequestId(900), relay(), true);
    let begun_ms = world.now_ms;
    world.run_until("they see each other", both_see_each_other);
    assert!(world.now_ms < begun_ms + 10_000, "after {} ms", world.now_ms - begun_ms);
    assert_eq!(world.odd(), Vec::<String>::new());
}

#[test]
fn nobody_is_carried_by_a_node_that_one_of_them_does_not_know() {
    let mut world = behind_shut_routers(|index| index == 0);
    world.switch(GO_BETWEEN, RequestId(900), relay(), true);
    world.run_for(300_000);
    assert!(world.is_online(0, GO_BETWEEN) && !world.is_online(0, 1) && !world.is_online(1, 0));
    assert_eq!(world.carried(), 0);
    assert_eq!(world.odd(), Vec::<String>::new());
}

#[test]
fn a_session_that_is_carried_gives_way_to_a_direct_one_and_nothing_is_lost_or_doubled() {
    let mut world = behind_shut_routers(|_| true);
    world.switch(GO_BETWEEN, RequestId(900), relay(), true);
    world.run_until("they see each other", both_see_each_other);
    assert_eq!(carrier(&world), Some(id(3)));
    // The routers let those in who are introduced, from now on.
    world.hosts[..2].iter_mut().for_each(|host| host.lets_nobody_in = false);
    let mut sent = 0;
    while carrier(&world).is_some() {
        sent += 1;
        assert!(sent < 200, "it is still carried after {} ms", world.now_ms);
        world.write(0, 1, sent);
        world.run_for(503);
    }
    world.run_until("all are delivered", |world| {
        (1..=sent).all(|byte| world.state_of(0, byte) == DeliveryState::Delivered)
    });
    assert!(sent > 1 && world.hosts[1].inbox.len() == usize::from(sent), "{sent}");
    world.run_for(30_000);
    assert!(both_see_each_other(&world));
    assert_eq!((world.carried(), world.sessions(0)), (0, 2), "the one that was carried is gone");
    assert_eq!(world.odd(), Vec::<String>::new());
}

#[test]
fn when_the_node_that_carries_stops_doing_so_the_two_are_apart_and_find_back_when_it_goes_on() {
    let mut world = behind_shut_routers(|_| true);
    world.switch(GO_BETWEEN, RequestId(900), relay(), true);
    world.run_until("they see each other", both_see_each_other);
    world.switch(GO_BETWEEN, RequestId(901), relay(), false);
    world.run_until("they are apart", |world| !world.is_online(0, 1) && !world.is_online(1, 0));
    world.run_for(60_000);
    assert_eq!(world.carried(), 0);
    let sessions = &world.hosts[0].core.world().sessions;
    assert!(sessions.direct(&id(3)).is_some_and(|(_, session)| !session.relays), "its new document was read");
    world.switch(GO_BETWEEN, RequestId(902), relay(), true);
    world.run_until("they see each other again", both_see_each_other);
    assert_eq!(world.odd(), Vec::<String>::new());
}

#[test]
fn a_node_that_carries_and_falls_silent_is_noticed() {
    let mut world = behind_shut_routers(|_| true);
    world.switch(GO_BETWEEN, RequestId(900), relay(), true);
    world.run_until("they see each other", both_see_each_other);
    world.hosts[GO_BETWEEN].is_plugged = false;
    world.run_until("they are apart", |world| !world.is_online(0, 1) && !world.is_online(1, 0));
    world.hosts[GO_BETWEEN].is_plugged = true;
    world.run_until("they see each other again", both_see_each_other);
    assert_eq!(world.odd(), Vec::<String>::new());
}

/// What cannot be asked for now is given up for this round, and not tried again at once for ever.
#[test]
fn without_room_for_a_session_or_with_relayed_ones_switched_off_nobody_is_asked() {
    let mut full = World::acquainted(3, |one, other| one != other, |index| if index == 0 { 1 } else { 8 });
    let mut off = behind_shut_routers(|_| true);
    for host in &mut full.hosts[..2] {
        (host.is_behind_router, host.lets_nobody_in) = (true, true);
    }
    full.begin_all();
    off.switch(0, RequestId(901), "relay-connections".parse().expect("a name"), false);
    for world in [&mut full, &mut off] {
        world.switch(GO_BETWEEN, RequestId(900), relay(), true);
        world.run_for(120_000);
        assert!(world.is_online(0, GO_BETWEEN));
        let failed = world.records(0).iter().filter(|record| record.event == "dial_failed").count();
        assert!(failed <= 60, "{failed} attempts failed");
    }
    // The other one may ask all the same, and is not taken.
    assert!(!off.is_online(0, 1));
    assert_eq!(off.odd(), Vec::<String>::new());
}

#[test]
fn when_relayed_sessions_are_switched_on_whoever_is_looked_for_is_called_at_once() {
    let mut world = behind_shut_routers(|_| true);
    for index in [0, 1] {
        world.switch(index, RequestId(901), "relay-connections".parse().expect("a name"), false);
    }
    world.switch(GO_BETWEEN, RequestId(900), relay(), true);
    world.run_for(20 * 60_000);
    assert!(!world.is_online(0, 1) && !world.is_online(1, 0));
    for index in [0, 1] {
        world.switch(index, RequestId(902), "relay-connections".parse().expect("a name"), true);
    }
    let begun_ms = world.now_ms;
    world.run_until("they see each other", both_see_each_other);
    assert!(world.now_ms < begun_ms + 10_000, "after {} ms", world.now_ms - begun_ms);
    assert_eq!(world.odd(), Vec::<String>::new());
}

#[test]
fn a_node_that_carries_finds_out_about_few_contacts_of_others() {
    let mut world = behind_shut_routers(|_| true);
    world.run_until("they know it", |world| world.is_online(0, GO_BETWEEN) && world.is_online(1, GO_BETWEEN));
    // The other one does not call by itself.
    world.switch(1, RequestId(899), "relay-connections".parse().expect("a name"), false);
    let taken = |world: &mut World| {
        let is_taken = |record: &&Record| {
            record.instance.starts_with("relay_circuit") && record.actions.iter().any(|it| it.action == "take")
        };
        world.records(0).iter().filter(is_taken).count()
    };
    world.offer(GO_BETWEEN, 7_000, id(1), id(2));
    world.run_for(1_000);
    assert_eq!(taken(&mut world), 0, "it does not say that it carries sessions");
    world.switch(GO_BETWEEN, RequestId(900), relay(), true);
    world.run_until("it is known", |world| {
        world.hosts[0].core.world().sessions.direct(&id(3)).is_some_and(|(_, session)| session.relays)
    });
    for caller in 100..120 {
        world.offer(GO_BETWEEN, 7_000, id(1), id(caller));
    }
    world.run_for(100);
    world.offer(GO_BETWEEN, 7_000, id(1), id(2));
    world.run_for(1_000);
    assert_eq!(taken(&mut world), 0, "it has asked for too many");
    world.run_for(15 * 60_000);
    world.offer(GO_BETWEEN, 7_000, id(1), id(2));
    world.run_for(1_000);
    assert_eq!(taken(&mut world), 1);
    assert_eq!(world.odd(), Vec::<String>::new());
}

/// Anybody can write such an address into a document. Nobody would ever answer, so the place of the session would be
/// lost.
#[test]
fn nobody_is_dialled_at_an_address_of_relayed_sessions() {
    let nowhere: Entrypoint = "relay://8.8.8.8:5".parse().expect("an entrypoint");
    let mut world = behind_shut_routers(|_| true);
    let named = DhtInput::IdentityRead { peer: id(2), entrypoints: Some(vec![nowhere.clone()]) };
    world.tell(0, 0, Input::Dht(named));
    world.run_for(60_000);
    // A database of before may hold one, too.
    world.hosts[0].remembered.insert(id(2), KnownPeer::heard_of(id(2), PeerSource::Dht, &[nowhere], 1));
    world.crash(0, Some(100));
    world.run_for(60_000);
    assert!(world.hosts[0].dialled.iter().all(|(_, at)| at.transport != relay_name()), "{:?}", world.hosts[0].dialled);
    assert_eq!(world.odd(), Vec::<String>::new());
}
