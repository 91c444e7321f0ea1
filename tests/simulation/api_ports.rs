//! The certificates of the API's port of WebTransport over weeks and jumps of the clock, and where others see its ports.

use bitpie::name::{ServiceName, webtransport_api_name};
use bitpie::world::{CertificateHash, ExternalAddress, RequestId};

use crate::network::{World, address};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// The certificates that the first node tells, and the one that it shows, by their numbers.
fn told(world: &World) -> (Vec<u8>, Option<u8>) {
    let certificates = &world.hosts[0].core.world().api_certificates;
    let number = |hash: CertificateHash| hash.0[0];
    assert_eq!(certificates.shown, world.hosts[0].shown, "what is told to be shown is shown");
    (certificates.known.iter().map(|known| number(known.hash)).collect(), certificates.shown.map(number))
}

fn one() -> World {
    let mut world = World::new(1, false);
    world.begin_all();
    world.run_until("the port is open", |world| port(world, "webtransport-api"));
    world
}

fn port(world: &World, service: &str) -> bool {
    world.hosts[0].core.world().api_ports.open.contains_key(&service.parse::<ServiceName>().expect("a name"))
}

fn switch(world: &mut World, service: ServiceName, is_to_be_on: bool) {
    world.switch(0, RequestId(3), service, is_to_be_on);
    world.run_for(1_000);
}

#[test]
fn the_next_certificate_is_told_for_days_before_it_is_shown() {
    let mut world = one();
    assert_eq!(told(&world), (vec![1], Some(1)));
    let mut seen = vec![told(&world)];
    let mut since = vec![0];
    for hour in 1..=14 * 24 {
        world.run_for(DAY_MS / 24);
        if seen.last() != Some(&told(&world)) {
            seen.push(told(&world));
            since.push(hour / 24);
        }
    }
    let expected = [(vec![1], Some(1)), (vec![1, 2], Some(1)), (vec![1, 2], Some(2)), (vec![2], Some(2))];
    assert_eq!(seen, expected);
    // Of thirteen days, a quarter before the end it is made, and a thirteenth before it is shown.
    assert_eq!(since, [0, 9, 12, 13]);
    assert_eq!(world.odd(), Vec::<String>::new());
}

#[test]
fn a_clock_that_jumps_is_noticed_and_leaves_a_certificate_that_is_valid() {
    let mut world = one();
    // Beyond the end of all.
    world.hosts[0].skew_ms = 40 * DAY_MS;
    world.run_for(6 * 60_000);
    assert_eq!(told(&world), (vec![2], Some(2)));
    // Back to where no certificate has begun that is not long over.
    world.hosts[0].skew_ms = 20 * DAY_MS;
    world.run_for(6 * 60_000);
    assert_eq!(told(&world).1, Some(3));
    // And forward again: the later one is there already.
    world.hosts[0].skew_ms = 41 * DAY_MS;
    world.run_for(6 * 60_000);
    assert_eq!(told(&world), (vec![2], Some(2)));
    assert_eq!(world.odd(), Vec::<String>::new());
}

#[test]
fn the_service_is_switched_off_and_on_and_keeps_its_certificate() {
    let mut world = one();
    switch(&mut world, webtransport_api_name(), false);
    assert!(!port(&world, "webtransport-api") && port(&world, "websocket-api"));
    switch(&mut world, webtransport_api_name(), true);
    assert!(port(&world, "webtransport-api"));
    assert_eq!(told(&world), (vec![1], Some(1)));
    assert_eq!(world.odd(), Vec::<String>::new());
}

#[test]
fn where_peers_see_the_ports_is_told_as_long_as_they_are_open_to_others_and_peers_say_so() {
    let mut world = World::new(2, true);
    world.hosts[1].offers_stun = true;
    world.begin_all();
    world.run_until("they talk", |world| world.is_online(0, 1));
    let external = |world: &World, service: &str| {
        let external = &world.hosts[0].core.world().api_ports.external;
        external.get(&service.parse::<ServiceName>().expect("a name")).cloned().unwrap_or_default()
    };
    world.run_for(60_000);
    assert_eq!(external(&world, "websocket-api"), [], "nobody else may ask");
    switch(&mut world, "public-api".parse().expect("a name"), true);
    let seen = std::net::SocketAddr::new(address(0).ip(), 38_081);
    let expected = [ExternalAddress { address: seen, observers: 1 }];
    for service in ["websocket-api", "webtransport-api"] {
        world.run_until("it is told", |world| external(world, service) == expected);
    }
    assert_eq!(external(&world, "http-api"), []);
    world.run_for(3_600_000);
    assert_eq!(external(&world, "websocket-api"), expected);
    // Nobody says so any more.
    world.stop(1);
    world.run_until("it is not told any more", |world| external(world, "websocket-api").is_empty());
    assert_eq!(world.odd(), Vec::<String>::new());
}

#[test]
fn once_nobody_else_may_ask_nothing_is_told_of_where_the_ports_are() {
    let mut world = World::new(2, true);
    world.hosts[1].offers_stun = true;
    world.begin_all();
    switch(&mut world, "public-api".parse().expect("a name"), true);
    let count = |world: &World| world.hosts[0].core.world().api_ports.external.values().flatten().count();
    world.run_until("both ports are told", |world| count(world) == 2);
    switch(&mut world, "public-api".parse().expect("a name"), false);
    assert_eq!(count(&world), 0);
    assert_eq!(world.odd(), Vec::<String>::new());
}
