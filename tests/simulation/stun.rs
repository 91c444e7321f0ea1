//! Peers are asked at which address they see a node.

use bitpie::automata::stun_client::State;
use bitpie::stun::OurSocket;
use bitpie::world::STUN_CLIENTS;

use crate::network::{World, id};

/// Whether one has been told lately by another at which address that sees it.
fn is_told(world: &World, index: usize, by: usize) -> bool {
    let core = world.hosts[index].core.world();
    core.stun.observations.of(&id(by as u8 + 1), OurSocket::Single, world.now_ms).is_some()
}

fn clients(world: &World, index: usize) -> usize {
    world.hosts[index].core.world().stun.clients.len()
}

#[test]
fn a_peer_with_a_server_is_asked_as_long_as_there_is_a_session_and_no_other_is() {
    let mut world = World::new(3, true);
    world.hosts[1].offers_stun = true;
    world.begin_all();
    world.run_until("it has answered", |world| is_told(world, 0, 1) && is_told(world, 2, 1));
    // Long after what it said first counts no longer.
    world.run_for(20 * 60_000);
    assert!(is_told(&world, 0, 1) && is_told(&world, 2, 1));
    assert!(!is_told(&world, 0, 2) && !is_told(&world, 1, 0) && clients(&world, 1) == 0);
    assert_eq!(world.hosts[0].core.world().stun.observations.external(world.now_ms), [], "one is never enough");
    let tests = world.hosts[0].filtering_tests;
    assert!((2..=3).contains(&tests), "at once, and then once in 10 minutes: {tests}");
    let is_dialled = |world: &World| world.hosts.iter().any(|host| host.dialled.iter().any(|(_, at)| at.is_stun()));
    assert!(!is_dialled(&world), "no session is opened by STUN");
    world.stop(1);
    world.run_until("it is gone", |world| clients(world, 0) == 0 && clients(world, 2) == 0);
    assert!(!is_told(&world, 0, 1), "the socket that it saw is closed");
    assert_eq!(world.odd(), Vec::<String>::new());
}

#[test]
fn a_server_that_does_not_answer_is_asked_ever_more_seldom() {
    let mut world = World::new(2, true);
    world.hosts[1].offers_stun = true;
    world.begin_all();
    world.run_until("it has answered", |world| is_told(world, 0, 1));
    let state = |world: &World| world.hosts[0].core.system().stun_client.get(&id(2)).map(|client| client.state());
    world.hosts[1].offers_stun = false;
    world.run_until("it is left alone", |world| state(world) == Some(State::Resting));
    assert_eq!(clients(&world, 0), 0, "a client that rests has no socket");
    world.hosts[1].offers_stun = true;
    world.run_until("it is asked again", |world| state(world) == Some(State::Mapped));
    assert_eq!(world.odd(), Vec::<String>::new());
}

#[test]
fn there_are_never_more_clients_than_there_may_be_and_a_free_place_is_taken() {
    let count = STUN_CLIENTS + 3;
    let mut world = World::acquainted(count, |one, other| (one == 0) != (other == 0), |_| 100);
    world.hosts.iter_mut().for_each(|host| host.offers_stun = true);
    world.begin_all();
    world.run_until("all are here", |world| (1..count).all(|other| world.is_online(0, other)));
    world.run_for(60_000);
    assert_eq!(clients(&world, 0), STUN_CLIENTS);
    let answered = (1..count).filter(|other| is_told(&world, 0, *other)).collect::<Vec<_>>();
    assert_eq!(answered.len(), STUN_CLIENTS);
    world.stop(answered[0]);
    world.run_until("another one is asked", |world| {
        (1..count).any(|other| !answered.contains(&other) && is_told(world, 0, other))
    });
    assert_eq!(clients(&world, 0), STUN_CLIENTS);
    assert_eq!(world.odd(), Vec::<String>::new());
}
