//! Two behind routers, and who brings them together.

use bitpie::messages::DeliveryState;
use bitpie::wire::Frame;
use bitpie::world::SessionId;

use crate::network::{World, id};

const GO_BETWEEN: usize = 2;

/// The first two are behind routers and know each other; who knows the third is said.
fn behind_routers(knows_go_between: impl Fn(usize) -> bool) -> World {
    let is_contact = |one: usize, other: usize| match (one, other) {
        (GO_BETWEEN, other) | (other, GO_BETWEEN) => knows_go_between(other) && one != GO_BETWEEN,
        _ => true,
    };
    let mut world = World::acquainted(3, is_contact, |_| 8);
    (0..2).for_each(|index| world.hosts[index].is_behind_router = true);
    world.begin_all();
    world
}

fn way(world: &World, index: usize, other: u8) -> Option<(String, bool)> {
    let sessions = &world.hosts[index].core.world().sessions;
    let session: SessionId = sessions.ready(&id(other))?;
    sessions.get(session).map(|session| (session.transport.to_string(), session.is_by_meeting))
}

#[test]
fn two_behind_routers_meet_through_a_node_that_both_know() {
    let mut world = behind_routers(|_| true);
    world.run_until("they have met", |world| world.is_online(0, 1) && world.is_online(1, 0));
    let expected = Some(("udp".to_owned(), true));
    assert_eq!((way(&world, 0, 2), way(&world, 1, 1)), (expected.clone(), expected));
    world.write(0, 1, 7);
    world.run_until("it is delivered", |world| world.state_of(0, 7) == DeliveryState::Delivered);
    assert_eq!(world.odd(), Vec::<String>::new());
}

#[test]
fn nobody_is_brought_together_by_a_node_that_one_of_them_does_not_know() {
    let mut world = behind_routers(|index| index == 0);
    world.run_for(300_000);
    assert!(world.is_online(0, GO_BETWEEN));
    assert!(!world.is_online(0, 1) && !world.is_online(1, 0));
    assert_eq!(world.odd(), Vec::<String>::new());
}

#[test]
fn they_meet_again_when_one_comes_back() {
    let mut world = behind_routers(|_| true);
    world.run_until("they have met", |world| world.is_online(0, 1) && world.is_online(1, 0));
    world.crash(1, Some(100));
    world.hosts[1].is_behind_router = true;
    world.run_for(60_000);
    world.run_until("they have met again", |world| world.is_online(0, 1) && world.is_online(1, 0));
    assert_eq!(world.odd(), Vec::<String>::new());
}

/// Such a router takes the port for itself if a packet comes before its own host has sent one.
#[test]
fn whoever_has_to_send_first_does_whichever_of_the_two_it_is() {
    for answers in [0, 1] {
        let mut world = behind_routers(|_| true);
        world.hosts[answers].router_answers = true;
        world.run_until("they have met", |world| world.is_online(0, 1) && world.is_online(1, 0));
        let expected = Some(("udp".to_owned(), true));
        assert_eq!((way(&world, 0, 2), way(&world, 1, 1)), (expected.clone(), expected));
        assert!(world.now_ms < 5_000, "{answers}: after {} ms", world.now_ms);
        assert_eq!(world.odd(), Vec::<String>::new());
    }
}

/// A byte that comes from the node that was asked, or a bound that is reached sooner, would tell.
#[test]
fn a_stranger_who_asks_cannot_tell_whether_somebody_is_here() {
    let probes = |is_here: bool| {
        let mut world = World::acquainted(3, |one, other| other == GO_BETWEEN && (one == 0 || is_here), |_| 8);
        world.begin_all();
        world.run_until("there is a session", |world| world.is_online(0, GO_BETWEEN));
        world.run_for(30_000);
        let session = world.hosts[0].core.world().sessions.ready(&id(3)).expect("there is a session");
        for target in [2].into_iter().chain(100..200) {
            world.frame(0, session, Frame::Introduce(id(target)));
        }
        world.run_for(1_000);
        let go_between = &world.hosts[GO_BETWEEN];
        let at_asker = go_between.core.world().sessions.ready(&id(1)).expect("there is a session");
        go_between.probed.iter().filter(|session| **session == at_asker).count()
    };
    assert_eq!((probes(true), probes(false)), (1, 1));
}
