//! What two or three nodes come to in the situations that matter.

use bitpie::automata::types::{DeliveryState, Refusal};
use bitpie::automata::{p2p_connector, peer_link};
use bitpie::wire::PacketKind;
use bitpie::world::{Input, RequestId};

use crate::network::{World, entrypoint, id, message, usual_services};

fn two() -> World {
    let mut world = World::new(2, true);
    world.begin_all();
    world
}

fn assert_nothing_odd(world: &mut World) {
    assert_eq!(world.odd(), Vec::<String>::new());
}

#[test]
fn two_contacts_find_each_other_and_keep_one_session() {
    let mut world = two();
    world.run_until("both are online", |world| world.is_online(0, 1) && world.is_online(1, 0));
    world.run_for(60_000);
    assert_eq!((world.sessions(0), world.sessions(1)), (1, 1));
    assert_nothing_odd(&mut world);
}

#[test]
fn a_message_is_delivered_and_shown_once() {
    let mut world = two();
    world.write(0, 1, 7);
    world.run_until("it is delivered", |world| world.state_of(0, 7) == DeliveryState::Delivered);
    assert_eq!(world.hosts[1].inbox, [(id(1), message(7))]);
    world.read(1, id(1), message(7));
    world.run_until("it is read", |world| world.state_of(0, 7) == DeliveryState::Read);
    assert_nothing_odd(&mut world);
}

/// Packets that the automata of a host were told of.
fn packets_of(world: &mut World, index: usize) -> usize {
    world.records(index).iter().filter(|record| record.event == "packet_received").count()
}

#[test]
fn messages_that_were_committed_together_are_acknowledged_by_one_packet() {
    let mut world = two();
    world.run_until("both are online", |world| world.is_online(0, 1) && world.is_online(1, 0));
    world.hosts[1].is_store_stuck = true;
    let bytes = [7, 8, 9];
    bytes.iter().for_each(|byte| world.write(0, 1, *byte));
    world.run_until("they are sent", |world| bytes.iter().all(|byte| world.state_of(0, *byte) == DeliveryState::Sent));
    world.run_for(100);
    let before = packets_of(&mut world, 0);
    let session = *world.hosts[1].wires.keys().next().expect("there is a session");
    let packets = bytes.map(message).to_vec();
    world.tell(1, 0, Input::MessagesCommitted { session, sender: id(1), packets });
    world.run_for(100);
    for byte in bytes {
        assert_eq!(world.state_of(0, byte), DeliveryState::Delivered, "{byte}");
    }
    assert_eq!(packets_of(&mut world, 0), before + 1);
    assert_nothing_odd(&mut world);
}

#[test]
fn a_receipt_that_comes_an_hour_later_is_known_all_the_same() {
    let mut world = two();
    world.write(0, 1, 7);
    world.run_until("it is delivered", |world| world.state_of(0, 7) == DeliveryState::Delivered);
    world.run_for(3_600_000);
    world.read(1, id(1), message(7));
    world.run_until("it is read", |world| world.state_of(0, 7) == DeliveryState::Read);
    assert_nothing_odd(&mut world);
}

#[test]
fn a_message_to_somebody_who_is_away_waits_and_arrives() {
    let mut world = World::new(2, true);
    world.begin(0);
    world.write(0, 1, 7);
    world.run_for(120_000);
    assert_eq!(world.state_of(0, 7), DeliveryState::Queued);
    world.begin(1);
    world.run_until("it is delivered", |world| world.state_of(0, 7) == DeliveryState::Delivered);
    assert_eq!(world.hosts[1].inbox.len(), 1);
    assert_nothing_odd(&mut world);
}

#[test]
fn nothing_is_delivered_to_somebody_who_is_no_contact_any_more() {
    let mut world = World::new(3, true);
    world.begin(0);
    world.write(0, 1, 7);
    world.write(0, 2, 8);
    world.run_for(60_000);
    world.tell(0, 0, Input::ContactRemoved { peer: id(2) });
    world.run_for(1_000);
    let left: Vec<_> = world.hosts[0].core.system().message_delivery.iter().map(|(message, _)| *message).collect();
    assert_eq!(left, [message(8)]);
    world.begin(1);
    world.begin(2);
    world.run_until("the other is delivered", |world| world.state_of(0, 8) == DeliveryState::Delivered);
    assert!(world.hosts[1].inbox.is_empty());
    assert_nothing_odd(&mut world);
}

#[test]
fn a_node_that_crashed_reconnects_in_spite_of_its_own_dead_session() {
    for crashes in [0, 1] {
        let mut world = two();
        world.run_until("both are online", |world| world.is_online(0, 1) && world.is_online(1, 0));
        world.write(1 - crashes, crashes, 7);
        world.hosts[crashes].is_store_stuck = true;
        world.run_for(1_000);
        // Nobody is told that the sockets are dead.
        world.crash(crashes, None);
        let begun_ms = world.now_ms;
        world.run_until("there is a session again", |world| {
            world.hosts[crashes].core.world().sessions.ready_count() == 1
        });
        assert!(world.now_ms - begun_ms < 6_000, "{} ms", world.now_ms - begun_ms);
        world.run_until("it is delivered", |world| world.state_of(1 - crashes, 7) == DeliveryState::Delivered);
        assert_eq!(world.hosts[crashes].inbox.len(), 1);
        world.run_for(100_000);
        assert_eq!((world.sessions(0), world.sessions(1)), (1, 1));
        assert_nothing_odd(&mut world);
    }
}

#[test]
fn the_network_goes_and_comes_back() {
    let mut world = two();
    world.run_until("both are online", |world| world.is_online(0, 1) && world.is_online(1, 0));
    world.hosts[1].is_plugged = false;
    world.run_until("it is noticed", |world| !world.is_online(0, 1));
    world.write(0, 1, 7);
    world.hosts[1].is_plugged = true;
    world.run_until("they meet again", |world| world.is_online(0, 1) && world.is_online(1, 0));
    world.run_until("it is delivered", |world| world.state_of(0, 7) == DeliveryState::Delivered);
    assert_nothing_odd(&mut world);
}

#[test]
fn a_store_that_fails_for_a_moment_delays_and_stops_nothing() {
    for failures in 1..=3 {
        let mut world = two();
        world.run_until("both are online", |world| world.is_online(0, 1) && world.is_online(1, 0));
        world.hosts[0].store_failures = failures;
        world.write(0, 1, 7);
        world.crash(0, None);
        world.run_until("they meet again", |world| world.is_online(0, 1) && world.is_online(1, 0));
        world.run_until("it is delivered", |world| world.state_of(0, 7) == DeliveryState::Delivered);
        world.run_until("its document is built", |world| world.hosts[0].store_failures == 0);
        world.run_for(60_000);
        let connector = world.hosts[0].core.system().p2p_connector.get().map(|connector| connector.state());
        assert!(connector.is_some_and(p2p_connector::State::is_in_working), "{connector:?}");
        assert!(world.hosts[0].core.world().problems.identity.is_none());
        assert_nothing_odd(&mut world);
    }
}

#[test]
fn clocks_that_are_apart_and_other_networks_are_refused_by_name() {
    let mut world = World::new(2, true);
    world.hosts[1].skew_ms = 151_000;
    world.begin_all();
    world.run_for(30_000);
    assert!(world.refusals(0, Refusal::ClocksApart) > 0);
    assert!(!world.is_online(0, 1));
    assert_nothing_odd(&mut world);

    let mut world = World::new(2, true);
    world.hosts[1].network = "other";
    world.begin_all();
    world.run_for(30_000);
    assert!(world.refusals(0, Refusal::WrongNetwork) > 0 && world.refusals(1, Refusal::WrongNetwork) > 0);
    assert_nothing_odd(&mut world);
}

#[test]
fn services_stop_in_order_and_the_node_comes_to_rest() {
    let mut world = two();
    world.run_until("both are online", |world| world.is_online(0, 1) && world.is_online(1, 0));
    world.stop(0);
    world.run_until("it has stopped", |world| world.hosts[0].core.has_stopped());
    assert_eq!(world.sessions(0), 0);
    world.run_until("the other notices", |world| !world.is_online(1, 0));
    assert_nothing_odd(&mut world);
}

#[test]
fn a_service_that_is_stopped_and_started_goes_on() {
    let mut world = two();
    world.run_until("both are online", |world| world.is_online(0, 1) && world.is_online(1, 0));
    for (number, name) in
        ["private-messages", "p2p-hookups", "tcp-transport", "gateway", "network"].into_iter().enumerate()
    {
        let service: bitpie::name::ServiceName = name.parse().expect("a name");
        let request = RequestId(2 * number as u64 + 2);
        world.switch(0, request, service.clone(), false);
        world.run_until(name, |world| world.hosts[0].answers.contains(&(request.0, "Stopped".to_owned())));
        for service in usual_services().rev() {
            let request = RequestId(request.0 * 1000);
            world.switch(0, request, service.service_name(), true);
        }
        world.write(0, 1, number as u8 + 1);
        let delivered = |world: &World| world.state_of(0, number as u8 + 1) == DeliveryState::Delivered;
        world.run_until(name, delivered);
    }
    assert_nothing_odd(&mut world);
}

#[test]
fn presence_is_counted_by_the_minute() {
    let mut world = two();
    world.run_until("both are online", |world| world.is_online(0, 1) && world.is_online(1, 0));
    world.run_for(600_000);
    let (here, all) = world.hosts[0].minutes[&id(2)];
    assert!(all >= 9 && here == all, "{here} of {all}");
}

#[test]
fn three_nodes_hear_of_each_other_from_peers() {
    let mut world = World::new(3, false);
    let (first, second) = (crate::network::entrypoint(0), crate::network::entrypoint(1));
    world.begin_all();
    for (index, peer, entrypoints) in [
        (0, 2, vec![second.clone()]),
        (1, 1, vec![first]),
        (1, 3, vec![]),
        (2, 2, vec![second]),
        (0, 3, vec![]),
        (2, 1, vec![]),
    ] {
        world.tell(index, 1_000, Input::ContactAdded { peer: id(peer), entrypoints });
    }
    world.run_until("all are online to all", |world| {
        (0..3).all(|index| (0..3).all(|other| index == other || world.is_online(index, other)))
    });
    assert_nothing_odd(&mut world);
}

#[test]
fn the_same_inputs_make_the_same_run() {
    let run = || {
        let mut world = two();
        world.write(0, 1, 7);
        world.run_for(200_000);
        (world.records(0), world.records(1))
    };
    assert_eq!(run(), run());
}

/// The round began only after it had been asked whether an address was left of it, so every call waited for a rest.
#[test]
fn a_contact_whose_address_is_known_is_called_at_once() {
    let mut world = World::new(2, true);
    world.begin(0);
    world.run_for(60_000);
    let wanted = world.records(0).iter().find(|record| record.event == "wanted").expect("it is wanted").at_ms;
    let calls: Vec<u64> = world.hosts[0].dialled.iter().map(|(at_ms, _)| at_ms - wanted).collect();
    // Nobody is there: a call fails after 50 ms, and each rest is twice as long as the one before, with some chance.
    assert_eq!(calls[0], 0);
    let rests_s: Vec<u64> = calls.windows(2).map(|pair| (pair[1] - pair[0]) / 1_000).collect();
    assert_eq!(rests_s, [2, 4, 8, 16]);
}

/// With sockets the transport refuses first; this is what stands behind it.
#[test]
fn a_stranger_who_finds_no_room_is_refused_by_name_and_comes_in_when_there_is_some() {
    // The first takes one session, and knows nobody; the others know everybody.
    let room = |index| if index == 0 { 1 } else { 100 };
    let mut world = World::acquainted(3, |index, _| index != 0, room);
    world.begin_all();
    world.run_until("somebody is told that there is no room", |world| world.refusals(0, Refusal::LimitReached) > 0);
    world.run_for(60_000);
    let has_session = |world: &World, other: usize| {
        let peer = id(other as u8 + 1);
        world.hosts[0].core.world().sessions.ready(&peer).is_some()
    };
    let inside = usize::from(!has_session(&world, 1)) + 1;
    let outside = 3 - inside;
    assert!(has_session(&world, inside) && !has_session(&world, outside));
    assert!(world.is_online(1, 2) && world.is_online(2, 1), "others have room");
    world.stop(inside);
    world.run_until("the other comes in", |world| has_session(world, outside));
    assert_eq!(world.hosts[0].core.world().sessions.ready_count(), 1);
    assert_nothing_odd(&mut world);
}

#[test]
fn a_contact_comes_in_though_strangers_have_all_places() {
    let room = |index| if index == 0 { 2 } else { 100 };
    let mut world = World::acquainted(4, |index, other| index != 0 || other == 3, room);
    (0..3).for_each(|index| world.begin(index));
    world.run_until("two strangers are there", |world| world.hosts[0].core.world().sessions.ready_count() == 2);
    world.begin(3);
    world.run_until("the contact is there", |world| world.is_online(0, 3) && world.is_online(3, 0));
    world.run_for(1_000);
    assert_eq!(world.hosts[0].core.world().sessions.ready_count(), 2);
    assert!(world.refusals(0, Refusal::LimitReached) > 0, "one of them was told why it had to go");
    assert_nothing_odd(&mut world);
}

#[test]
fn a_kind_that_is_not_known_is_answered_unless_it_answers_something() {
    for (answers, expected) in [(None, 1), (Some(message(1)), 0)] {
        let mut world = two();
        world.run_until("both are online", |world| world.is_online(0, 1) && world.is_online(1, 0));
        world.run_for(1_000);
        let before = world.hosts[1].core.world().counters.packets_out;
        world.say(0, PacketKind::Ratings, answers);
        world.run_for(1_000);
        assert_eq!(world.hosts[1].core.world().counters.packets_out - before, expected, "{answers:?}");
    }
}

#[test]
fn what_is_over_is_forgotten_at_the_start_and_each_hour() {
    let mut world = World::new(1, false);
    world.begin(0);
    world.run_for(1_000);
    assert_eq!(world.hosts[0].tidied, 1);
    world.run_for(2 * 3_600_000);
    assert_eq!(world.hosts[0].tidied, 3);
}

#[test]
fn a_node_stops_though_a_session_that_it_dials_comes_about_meanwhile() {
    for after_ms in 0..40 {
        let mut world = World::new(2, true);
        world.begin_all();
        world.run_until("somebody is called", |world| !world.hosts[0].dialled.is_empty());
        world.run_for(after_ms);
        world.stop(0);
        world.run_until("it has stopped", |world| world.hosts[0].core.has_stopped());
    }
}

#[test]
fn a_node_stops_though_somebody_starts_a_service_meanwhile() {
    let mut world = two();
    world.run_until("both are online", |world| world.is_online(0, 1) && world.is_online(1, 0));
    world.stop(0);
    for (number, service) in usual_services().enumerate() {
        world.switch(0, RequestId(2 * number as u64 + 2), service.service_name(), true);
    }
    world.run_until("it has stopped", |world| world.hosts[0].core.has_stopped());
}

/// A stranger has called, and becomes a contact while it is here: when it goes, it is called at once.
#[test]
fn who_is_here_when_it_becomes_a_contact_is_called_when_its_session_ends() {
    let mut world = World::new(2, false);
    world.begin_all();
    world.tell(1, 0, Input::ContactAdded { peer: id(1), entrypoints: vec![entrypoint(0)] });
    world.run_until("it is here", |world| world.hosts[0].core.world().sessions.ready_count() == 1);
    world.tell(0, 0, Input::ContactAdded { peer: id(2), entrypoints: vec![entrypoint(1)] });
    world.run_until("it is online", |world| world.is_online(0, 1));
    let state = world.hosts[0].core.system().peer_link.get(&id(2)).map(|link| link.state());
    assert!(state.is_some_and(peer_link::State::is_in_direct), "{state:?}");
    assert!(world.hosts[0].dialled.is_empty());
}
