//! Nodes behind a router that maps ports: by each of the three protocols, others reach them through it.

use super::lab::{Lab, Machine, until};
use super::router::{OUTSIDE, Router, Speaks, can_be_made};

/// The public network, in which routers are asked, and nobody is.
fn settings() -> Vec<(&'static str, String)> {
    vec![("network", "\"main\"".to_owned()), ("testing/mapping-lifetime", "\"8s\"".to_owned())]
}

fn mapping(machine: &Machine) -> serde_json::Value {
    machine.status()["transports"][0]["mapping"].clone()
}

/// An address without the places where the node is.
fn id_alone(machine: &Machine) -> String {
    machine.id().split('?').next().unwrap_or_default().to_owned()
}

fn others_come_in(test: &str, speaks: Speaks, protocol: &str) {
    let Some(lab) = Lab::new(test).filter(|_| can_be_made(test)) else { return };
    let (router, mut alice) = Router::with_machine(&lab, speaks, "alice", &settings());
    let mut bob = lab.machine("bob", &settings());
    bob.address_by("11.77.0.9/24", OUTSIDE);
    alice.start();
    bob.start();
    until("the port is mapped", || mapping(&alice)["state"] == "MAPPED");
    let first = mapping(&alice);
    assert_eq!(first["external"], format!("tcp://{OUTSIDE}:7771"), "{first}");
    assert_eq!((&first["protocol"], &first["published"]), (&protocol.into(), &true.into()), "{first}");
    assert!(router.maps(7771));
    assert!(alice.id().contains(OUTSIDE), "{}", alice.id());
    assert!(alice.doctor().contains(&format!("tcp://{OUTSIDE}:7771 by ")), "{}", alice.doctor());
    // Bob needs none, and asks nobody.
    assert_eq!(mapping(&bob)["not_needed"], "it has a public IPv4 address");

    // Alice does not know where Bob is, so it is he who comes to her.
    alice.run(&["contact", "add", &id_alone(&bob), "--name", "bob"]);
    bob.run(&["contact", "add", &alice.id(), "--name", "alice"]);
    until("he has come in", || alice.status()["came_in"]["from_internet_unix_ms"].is_u64());
    until("they are friends", || bob.status()["contacts"]["online"] == 1);
    let message = bob.send("alice");
    until("the message is delivered", || bob.is_delivered(&message));

    let until_ms = |mapping: &serde_json::Value| mapping["until_unix_ms"].as_u64().unwrap_or(0);
    until("it is renewed beyond its time", || until_ms(&mapping(&alice)) > until_ms(&first) + 8_000);
    assert!(router.maps(7771));

    alice.end();
    assert!(!router.maps(7771), "the node has removed it before it ended");
}

#[test]
fn others_come_in_through_a_router_by_pcp() {
    others_come_in("others_come_in_through_a_router_by_pcp", Speaks::Pcp, "pcp");
}

#[test]
fn others_come_in_through_a_router_by_nat_pmp() {
    others_come_in("others_come_in_through_a_router_by_nat_pmp", Speaks::NatPmp, "nat_pmp");
}

#[test]
fn others_come_in_through_a_router_by_upnp() {
    others_come_in("others_come_in_through_a_router_by_upnp", Speaks::Upnp, "upnp");
}

#[test]
fn a_mapping_goes_and_comes_with_its_service_and_is_not_published_without() {
    let test = "a_mapping_goes_and_comes_with_its_service_and_is_not_published_without";
    let Some(lab) = Lab::new(test).filter(|_| can_be_made(test)) else { return };
    let (router, mut alice) = Router::with_machine(&lab, Speaks::Pcp, "alice", &settings());
    alice.start();
    until("the port is mapped", || router.maps(7771) && alice.id().contains(OUTSIDE));
    alice.run(&["service", "disable", "port-mapping"]);
    until("it is removed", || !router.maps(7771));
    assert!(!alice.id().contains(OUTSIDE), "{}", alice.id());
    assert_eq!(mapping(&alice)["state"], "OFF");
    alice.run(&["service", "enable", "port-mapping"]);
    until("it is mapped again", || router.maps(7771) && alice.id().contains(OUTSIDE));
    // A network that changes makes another one.
    alice.link("down");
    until("it is out", || alice.status()["network_connector"] != "CONNECTED" && !alice.id().contains(OUTSIDE));
    alice.link("up");
    alice.way_out_by("10.1.0.1");
    until("it is mapped once more", || mapping(&alice)["state"] == "MAPPED" && alice.id().contains(OUTSIDE));
}

#[test]
fn a_router_that_maps_nothing_is_told_with_advice() {
    let test = "a_router_that_maps_nothing_is_told_with_advice";
    let Some(lab) = Lab::new(test) else { return };
    let mut alice = lab.machine("alice", &settings());
    alice.address("10.77.1.1/16");
    alice.start();
    until("nobody answers", || mapping(&alice)["problem"].is_string());
    let problem = mapping(&alice)["problem"].to_string();
    assert!(problem.contains("the router 10.77.0.1 does not map ports (PCP, NAT-PMP, UPnP tried)"), "{problem}");
    assert!(alice.doctor().contains("turn on UPnP, NAT-PMP or PCP in the router"), "{}", alice.doctor());
    assert!(alice.services().contains("does not map ports"), "{}", alice.services());
}

#[test]
fn a_neighbour_who_is_not_the_router_is_not_believed() {
    let test = "a_neighbour_who_is_not_the_router_is_not_believed";
    let Some(lab) = Lab::new(test).filter(|_| can_be_made(test)) else { return };
    let neighbour = Router::neighbour(&lab);
    let mut alice = lab.machine("alice", &settings());
    alice.address("10.77.1.1/16");
    alice.start();
    until("the neighbour has answered", || {
        mapping(&alice)["problem"].to_string().contains("UPnP: somebody answers who is not")
    });
    assert!(!neighbour.maps(7771));
    assert!(!alice.id().contains(OUTSIDE), "{}", alice.id());
}

#[test]
fn a_network_of_ones_own_asks_no_router_unless_it_is_told_to() {
    let test = "a_network_of_ones_own_asks_no_router_unless_it_is_told_to";
    let Some(lab) = Lab::new(test).filter(|_| can_be_made(test)) else { return };
    let (router, mut alice) = Router::with_machine(&lab, Speaks::Pcp, "alice", &[]);
    alice.start();
    until("it listens", || mapping(&alice)["not_needed"].is_string());
    assert!(mapping(&alice)["not_needed"].to_string().contains("services/port-mapping/own-networks"));
    assert!(!router.maps(7771));
    alice.run(&["config", "set", "services/port-mapping/own-networks", "true"]);
    alice.end();
    alice.start();
    until("it is mapped", || router.maps(7771) && alice.id().contains(OUTSIDE));
}
