//! What comes of announcements in the local network, which nobody has signed.

use bitpie::automata::lan_discovery;
use bitpie::automata::system::Message;
use bitpie::identity::{Entrypoint, NodeId};
use bitpie::world::{Input, LAN_PEERS, RequestId};

use crate::network::{World, entrypoint, id};

fn heard(event: lan_discovery::Event) -> Input {
    Input::Event(Message::LanDiscovery(automata_runtime::Input::Event(event)))
}

fn found(peer: NodeId, entrypoints: &[Entrypoint]) -> Input {
    heard(lan_discovery::Event::Found { peer, entrypoints: entrypoints.to_vec() })
}

fn gone(peer: NodeId) -> Input {
    heard(lan_discovery::Event::Gone { peer })
}

/// It says where it listens.
fn announces(world: &World, index: usize) -> bool {
    world.hosts[index].announced.as_ref().is_some_and(|at| at.contains(&entrypoint(index)))
}

/// Two nodes that look around. The first has the second as a contact, and does not know where it is.
fn two() -> World {
    let mut world = World::new(2, false);
    // Otherwise it would be found there.
    world.dht.has_no_documents = true;
    world.begin_all();
    world.run_until("both are announced", |world| (0..2).all(|index| announces(world, index)));
    world.tell(0, 0, Input::ContactAdded { peer: id(2), entrypoints: Vec::new() });
    world.run_for(60_000);
    assert!(!world.is_online(0, 1) && world.hosts[0].dialled.is_empty());
    world
}

fn known(world: &World, peer: NodeId) -> Option<Vec<Entrypoint>> {
    let known = world.hosts[0].core.world().peers.get(&peer)?;
    Some(known.entrypoints.iter().map(|known| known.entrypoint.clone()).collect())
}

fn far(host: u8) -> Entrypoint {
    format!("tcp://192.168.0.{host}:7").parse().expect("an entrypoint")
}

fn switch(world: &mut World, on: bool) {
    let name = "lan-discovery".parse().expect("a name");
    world.switch(0, RequestId(2), name, on);
    world.run_for(100);
}

#[test]
fn a_contact_is_called_at_once_where_it_is_announced() {
    let mut world = two();
    let begun_ms = world.now_ms;
    world.tell(0, 0, found(id(2), &[entrypoint(1)]));
    world.run_until("it is here", |world| world.is_online(0, 1));
    assert_eq!(world.hosts[0].dialled, [(begun_ms, entrypoint(1))]);
    // What was proved stays when it is not announced any more.
    world.tell(0, 0, gone(id(2)));
    world.run_for(1_000);
    assert!(world.is_online(0, 1));
    assert_eq!(known(&world, id(2)).and_then(|at| at.first().cloned()), Some(entrypoint(1)));
    assert_eq!(world.odd(), Vec::<String>::new());
}

#[test]
fn a_stranger_is_known_as_long_as_it_is_announced_and_never_called() {
    let mut world = two();
    world.tell(0, 0, found(id(9), &[far(1), far(2)]));
    world.run_for(60_000);
    assert_eq!(known(&world, id(9)), Some(vec![far(1), far(2)]));
    world.tell(0, 0, found(id(9), &[far(2), far(3)]));
    world.run_for(1);
    assert_eq!(known(&world, id(9)), Some(vec![far(2), far(3)]));
    world.tell(0, 0, gone(id(9)));
    world.run_for(1);
    assert_eq!(known(&world, id(9)), None);
    assert!(world.hosts[0].dialled.is_empty());
    world.tell(0, 0, found(id(1), &[far(1)]));
    world.run_for(1);
    assert_eq!(known(&world, id(1)), None, "that is this node");
}

#[test]
fn a_hint_that_is_withdrawn_takes_away_nothing_that_the_user_said() {
    let mut world = two();
    world.tell(0, 0, Input::ContactAdded { peer: id(8), entrypoints: vec![far(1)] });
    world.run_for(1);
    world.tell(0, 0, found(id(8), &[far(1), far(2)]));
    world.run_for(1);
    assert_eq!(known(&world, id(8)).map(|known| known.len()), Some(2));
    world.tell(0, 0, gone(id(8)));
    world.run_for(1);
    assert_eq!(known(&world, id(8)), Some(vec![far(1)]));
}

#[test]
fn there_is_no_room_for_more_than_the_bound() {
    let mut world = two();
    let many = u8::try_from(LAN_PEERS).expect("it is small") + 10;
    for number in 0..many {
        world.tell(0, 0, found(id(100 + number), &[far(number)]));
    }
    world.run_for(1);
    assert_eq!(world.hosts[0].core.world().lan.found(), LAN_PEERS);
    assert_eq!(known(&world, id(100 + many - 1)), None);
    world.tell(0, 0, gone(id(100)));
    world.tell(0, 0, found(id(100 + many - 1), &[far(9)]));
    world.run_for(1);
    assert_eq!(known(&world, id(100 + many - 1)), Some(vec![far(9)]));
}

#[test]
fn when_it_is_switched_off_everything_is_withdrawn_and_forgotten() {
    let mut world = two();
    world.tell(0, 0, found(id(9), &[far(1)]));
    world.tell(0, 0, heard(lan_discovery::Event::Failed { reason: "it is dark".into() }));
    world.tell(0, 0, heard(lan_discovery::Event::Failed { reason: "it is dark".into() }));
    world.run_for(1);
    assert_eq!(world.hosts[0].core.world().lan.problem(), Some("it is dark"));
    assert_eq!(world.hosts[0].reports, ["discovery in the local network does not work: it is dark"]);
    switch(&mut world, false);
    assert_eq!(world.hosts[0].announced, None);
    assert_eq!((known(&world, id(9)), world.hosts[0].core.world().lan.found()), (None, 0));
    assert_eq!(world.hosts[0].core.world().lan.problem(), None);
    // What was on its way comes too late.
    world.tell(0, 0, found(id(9), &[far(1)]));
    world.tell(0, 0, heard(lan_discovery::Event::Failed { reason: "still dark".into() }));
    world.run_for(1);
    assert_eq!((known(&world, id(9)), world.hosts[0].core.world().lan.problem()), (None, None));
    switch(&mut world, true);
    assert!(announces(&world, 0));
    assert_eq!(world.odd(), Vec::<String>::new());
}

#[test]
fn without_a_transport_it_is_off_and_with_it_it_announces_where_that_listens() {
    let mut world = two();
    let switch_transport = |world: &mut World, on: bool| {
        let name = "tcp-transport".parse().expect("a name");
        world.switch(0, RequestId(4), name, on);
        world.run_for(5_000);
    };
    switch_transport(&mut world, false);
    assert_eq!(world.hosts[0].announced, None);
    switch_transport(&mut world, true);
    switch(&mut world, true);
    world.run_for(60_000);
    assert!(announces(&world, 0));
}
