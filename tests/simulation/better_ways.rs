//! A session gives way to one by a transport that serves better.

use bitpie::messages::DeliveryState;
use bitpie::name::{TransportName, tcp_name, udp_name};
use bitpie::world::RequestId;

use crate::network::{World, id};

/// The node by which the first two know how well the transport serves that they do not use with each other.
const THIRD: usize = 2;

/// So much slower that the other transport is clearly better.
const SLOW_MS: u64 = 100;

/// By which transport the first two are connected.
fn way(world: &World) -> Option<TransportName> {
    let sessions = &world.hosts[0].core.world().sessions;
    sessions.get(sessions.ready(&id(2))?).map(|session| session.transport.clone())
}

/// The first two are connected by one transport, and both with the third by another: these are named.
fn connected() -> (World, TransportName, TransportName) {
    let mut world = World::new(3, true);
    world.begin_all();
    world.run_until("all are here", |world| {
        (0..3).all(|index| (0..3).all(|other| other == index || world.is_online(index, other)))
    });
    let present = way(&world).expect("they are connected");
    let other = if present == tcp_name() { udp_name() } else { tcp_name() };
    world.switch(THIRD, RequestId(900), format!("{present}-connections").parse().expect("a name"), false);
    world.run_until("both see the third by the other transport", |world| {
        (0..2).all(|index| goes_by(world, index, THIRD, &other))
    });
    assert_eq!(way(&world), Some(present.clone()));
    (world, present, other)
}

fn goes_by(world: &World, index: usize, other: usize, transport: &TransportName) -> bool {
    let sessions = &world.hosts[index].core.world().sessions;
    let session = sessions.ready(&id(other as u8 + 1)).and_then(|session| sessions.get(session));
    session.is_some_and(|session| session.transport == *transport)
}

/// How often the first two have dialled one another.
fn dials(world: &World) -> usize {
    let address = |index: usize| world.hosts[index].address;
    let of = |index: usize, other: usize| {
        world.hosts[index].dialled.iter().filter(|(_, at)| at.address == address(other)).count()
    };
    of(0, 1) + of(1, 0)
}

#[test]
fn a_session_gives_way_to_a_transport_that_serves_better_and_nothing_is_lost_or_comes_twice() {
    let (mut world, present, other) = connected();
    let before = dials(&world);
    world.slow = Some((present.clone(), SLOW_MS));
    for byte in 0..100 {
        world.write((byte % 2).into(), (1 - byte % 2).into(), byte);
        world.run_for(7_000);
    }
    world.run_until("the other has taken over", |world| way(world) == Some(other.clone()));
    world.run_until("all are delivered", |world| {
        (0..100).all(|byte| world.state_of((byte % 2).into(), byte) == DeliveryState::Delivered)
    });
    for host in &world.hosts[..2] {
        assert_eq!(host.inbox.len(), 50);
    }
    assert_eq!(dials(&world), before + 1, "one of the two has dialled, once");
    assert!((0..2).all(|index| world.is_online(index, 1 - index)) && world.sessions(0) == 2, "the old one has ended");
    assert_eq!(world.odd(), Vec::<String>::new());
}

#[test]
fn where_neither_serves_clearly_better_nothing_changes() {
    let (mut world, present, other) = connected();
    let before = dials(&world);
    for minute in 0..240 {
        // Each is now a little slower, now a little quicker.
        world.slow = Some(([&present, &other][minute / 5 % 2].clone(), 4));
        world.run_for(60_000);
    }
    assert_eq!((way(&world), dials(&world)), (Some(present), before));
    assert_eq!(world.odd(), Vec::<String>::new());
}

#[test]
fn ways_that_change_places_for_ever_change_the_session_ever_more_seldom() {
    let (mut world, present, other) = connected();
    let (mut last, mut changes) = (way(&world), 0);
    for period in 0..120 {
        world.slow = Some(([&present, &other][period % 2].clone(), SLOW_MS));
        for _ in 0..36 {
            world.run_for(5_000);
            let now = way(&world);
            changes += usize::from(now.is_some() && now != last);
            last = now.or(last);
        }
    }
    // In six hours; the wait doubles from 30 s to 10 min. What is not used is not measured, so it may rest at once.
    assert!((1..=6 * 6 + 5).contains(&changes), "{changes} changes");
    assert_eq!(world.odd(), Vec::<String>::new());
}

#[test]
fn a_better_way_that_leads_nowhere_is_tried_ever_more_seldom_and_the_session_stays() {
    let (mut world, present, other) = connected();
    world.hosts[0].listening.remove(&other);
    world.hosts[1].listening.remove(&other);
    let before = dials(&world);
    world.slow = Some((present.clone(), SLOW_MS));
    world.write(0, 1, 1);
    world.run_for(3_600_000);
    let tried = dials(&world) - before;
    assert!((3..=12).contains(&tried), "{tried} times in an hour");
    assert_eq!((way(&world), world.state_of(0, 1)), (Some(present), DeliveryState::Delivered));
    assert_eq!(world.odd(), Vec::<String>::new());
}
