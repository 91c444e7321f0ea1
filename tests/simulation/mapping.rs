//! A router that maps ports: its address is in the identity document as long as it does, and no longer.

use std::net::SocketAddr;

use automata_runtime::Input as BusInput;
use bitpie::automata::network_connector;
use bitpie::automata::system::Message;
use bitpie::identity::Entrypoint;
use bitpie::world::{Input, RequestId};

use crate::network::{World, entrypoint, id};

fn outside() -> SocketAddr {
    "8.8.4.4:40001".parse().expect("an address")
}

fn external() -> Entrypoint {
    Entrypoint { transport: bitpie::name::tcp_name(), address: outside() }
}

/// A node whose router lets others through there, or nowhere.
fn one(router: Option<SocketAddr>) -> World {
    let mut world = World::new(1, false);
    world.put_behind_router(0, router);
    world.begin_all();
    world
}

/// Where the document in the DHT says that it is.
fn published(world: &World) -> Vec<Entrypoint> {
    // Over UDP it is the same, and the router is asked for both.
    let all = world.dht.documents.get(&id(1)).into_iter().flatten();
    all.filter(|entrypoint| entrypoint.transport == bitpie::name::tcp_name()).cloned().collect()
}

fn switch(world: &mut World, is_to_be_on: bool) {
    world.switch(0, RequestId(2), "port-mapping".parse().expect("a name"), is_to_be_on);
    world.run_for(5_000);
}

#[test]
fn the_address_of_the_router_is_published_until_the_node_stops_and_the_stop_waits_for_the_router() {
    let mut world = one(Some(outside()));
    world.run_until("it is published", |world| published(world) == [external(), entrypoint(0)]);
    world.run_for(10 * 3_600_000);
    assert!(
        (40..=42).contains(&world.hosts[0].mapping_requests),
        "each half of an hour, for both transports: {}",
        world.hosts[0].mapping_requests
    );
    world.stop(0);
    world.run_until("it has stopped", |world| world.hosts[0].core.has_stopped());
    assert!(!world.hosts[0].is_mapped, "the router was told before the end");
    assert_eq!(world.odd(), [""; 0]);
}

#[test]
fn a_router_that_maps_nothing_keeps_nobody_waiting_and_is_asked_again() {
    let mut world = one(None);
    world.run_until("it is published", |world| published(world) == [entrypoint(0)]);
    world.run_for(24 * 3_600_000);
    let asked = world.hosts[0].mapping_requests;
    assert!((48..80).contains(&asked), "less and less often, and each hour at least, for both transports: {asked}");
    world.hosts[0].router = Some(outside());
    world.run_for(3_600_000);
    assert_eq!(published(&world), [external(), entrypoint(0)]);
    assert_eq!(world.odd(), [""; 0]);
}

#[test]
fn a_mapping_that_goes_leaves_the_document() {
    let mut world = one(Some(outside()));
    world.run_until("it is published", |world| published(world) == [external(), entrypoint(0)]);
    switch(&mut world, false);
    assert!(!world.hosts[0].is_mapped);
    assert_eq!(published(&world), [entrypoint(0)]);
    switch(&mut world, true);
    assert_eq!(published(&world), [external(), entrypoint(0)]);
    // The router forgets it, and maps nothing any more.
    world.hosts[0].router = None;
    world.run_for(3_700_000);
    assert_eq!(published(&world), [entrypoint(0)]);
    assert_eq!(world.odd(), [""; 0]);
}

#[test]
fn another_network_has_another_router() {
    let mut world = one(Some(outside()));
    world.run_until("it is published", |world| published(world) == [external(), entrypoint(0)]);
    let elsewhere: SocketAddr = "9.9.9.9:7771".parse().expect("an address");
    world.hosts[0].router = Some(elsewhere);
    let changed = Message::NetworkConnector(BusInput::Event(network_connector::Event::InterfacesChanged));
    world.tell(0, 0, Input::Event(changed));
    let there = Entrypoint { address: elsewhere, ..external() };
    world.run_until("it is published", |world| published(world) == [there.clone(), entrypoint(0)]);
    assert_eq!(world.odd(), [""; 0]);
}

#[test]
fn a_node_whose_network_asks_no_router_asks_none() {
    let mut world = World::new(1, false);
    world.hosts[0].router = Some(outside());
    world.begin_all();
    world.run_for(3_600_000);
    assert_eq!(world.hosts[0].mapping_requests, 0);
    assert_eq!(published(&world), [entrypoint(0)]);
}
