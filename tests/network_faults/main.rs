//! Bad days of the network: nodes in network namespaces that the test made itself, whose addresses change, whose cables
//! are pulled, and which have no network at all. Linux and root are needed for it; elsewhere each test says that it was
//! left out.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "processes, files, sockets and time are what is tested"
)]

#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "`nat` wants Linux"))]
mod lab;
mod mapping;
#[cfg(target_os = "linux")]
mod nat;
mod router;

use std::time::{Duration, Instant};

use lab::{Lab, Machine, until};

/// Two contacts that both move meet again within this time.
const MEET_AGAIN: Duration = Duration::from_secs(10);

/// The switch, which is the way out too, and a machine that carries the DHT.
const ROUTER: &str = "10.77.0.1";

fn two_friends(lab: &Lab) -> (Machine, Machine) {
    two_friends_with(lab, &[])
}

fn two_friends_with(lab: &Lab, more: &[(&'static str, &str)]) -> (Machine, Machine) {
    let dht = format!("\"{ROUTER}:{}\"", lab.dht_port);
    let more = more.iter().map(|(path, value)| (*path, (*value).to_owned()));
    let usual = [
        ("services/entangled-dht/bootstrap", format!("[{dht}]")),
        // A session of which nothing is heard is given up after four of these.
        ("testing/ping-interval", "\"2s\"".to_owned()),
    ];
    let settings: Vec<(&str, String)> = usual.into_iter().chain(more).collect();
    let mut machines = [("alice", "10.77.1.1/16"), ("bob", "10.77.1.2/16")].map(|(name, address)| {
        let mut machine = lab.machine(name, &settings);
        machine.address(address);
        machine.start();
        machine
    });
    for machine in &machines {
        until("its document is published", || machine.status()["dht"]["identity"] == "PUBLISHED");
    }
    let addresses = machines.each_ref().map(Machine::id);
    machines[0].run(&["contact", "add", &addresses[1], "--name", "bob"]);
    machines[1].run(&["contact", "add", &addresses[0], "--name", "alice"]);
    for machine in &machines {
        until("they are friends", || machine.status()["contacts"]["online"] == 1);
    }
    machines.iter_mut().for_each(|machine| machine.mark());
    machines.into()
}

/// Both write, and it takes so long until both have been read out on the other side.
fn talk(alice: &Machine, bob: &Machine) -> Duration {
    let began = Instant::now();
    let sent = [alice.send("bob"), bob.send("alice")];
    until("both messages are delivered", || {
        [alice, bob].iter().zip(&sent).all(|(machine, message)| machine.is_delivered(message))
    });
    began.elapsed()
}

#[test]
fn two_friends_who_both_move_meet_again() {
    let Some(lab) = Lab::new("two_friends_who_both_move_meet_again") else { return };
    let _dht = lab.carry_dht();
    let (alice, bob) = two_friends(&lab);
    talk(&alice, &bob);
    alice.move_to("10.77.1.1/16", "10.77.2.1/16");
    bob.move_to("10.77.1.2/16", "10.77.2.2/16");
    let took = talk(&alice, &bob);
    eprintln!("both moved: they met again within {:.1} s", took.as_secs_f32());
    assert!(took < MEET_AGAIN, "{took:?}");
    for (machine, address) in [(&alice, "10.77.2.1"), (&bob, "10.77.2.2")] {
        assert!(machine.id().contains(address), "{}", machine.id());
        assert_eq!(machine.status()["network_connector"], "CONNECTED");
    }
}

/// The session that a machine has over UDP: its number, whether it has opened it, and where the other side is.
fn session(machine: &Machine) -> (u64, bool, String) {
    let peers: serde_json::Value = serde_json::from_str(&machine.run(&["--json", "peers"])).expect("JSON");
    let mut sessions = peers["peers"].as_array().expect("a list").iter().map(|peer| &peer["session"]);
    let session = sessions.find(|session| session["transport"] == "udp").expect("there is one");
    let text = |name: &str| session[name].as_str().expect("a text").to_owned();
    (session["session"].as_u64().expect("a number"), text("direction") == "outgoing", text("remote"))
}

/// QUIC goes on from another address of the side that has opened the session; of the other side, it is opened again.
#[test]
fn a_session_over_udp_outlives_a_move_of_its_opener() {
    let Some(lab) = Lab::new("a_session_over_udp_outlives_a_move_of_its_opener") else { return };
    let _dht = lab.carry_dht();
    let no_tcp = [("services/tcp-connections/enabled", "false"), ("services/tcp-transport/enabled", "false")];
    let (alice, bob) = two_friends_with(&lab, &no_tcp);
    talk(&alice, &bob);
    let (number, alice_opened, _) = session(&alice);
    let ((opener, from, to), (other, other_from, other_to)) = {
        let of_alice = (&alice, "10.77.1.1/16", "10.77.2.1/16");
        let of_bob = (&bob, "10.77.1.2/16", "10.77.2.2/16");
        if alice_opened { (of_alice, of_bob) } else { (of_bob, of_alice) }
    };
    let before = session(opener).0;
    opener.move_to(from, to);
    let took = talk(&alice, &bob);
    eprintln!("the opener moved: both have what was said within {:.1} s", took.as_secs_f32());
    assert!(took < MEET_AGAIN, "{took:?}");
    assert_eq!((session(opener).0, session(&alice).0), (before, number), "it is the same session");
    let now_at = to.split('/').next().expect("an address");
    until("the other side knows where it is now", || session(other).2.contains(now_at));
    other.move_to(other_from, other_to);
    let took = talk(&alice, &bob);
    eprintln!("the other side moved: both have what was said within {:.1} s", took.as_secs_f32());
    assert!(took < MEET_AGAIN, "{took:?}");
}

#[test]
fn a_friend_who_moves_comes_back_to_one_who_stays() {
    let Some(lab) = Lab::new("a_friend_who_moves_comes_back_to_one_who_stays") else { return };
    let _dht = lab.carry_dht();
    let (alice, bob) = two_friends(&lab);
    talk(&alice, &bob);
    alice.move_to("10.77.1.1/16", "10.77.2.1/16");
    let took = talk(&alice, &bob);
    eprintln!("one moved: they met again within {:.1} s", took.as_secs_f32());
    assert!(took < MEET_AGAIN, "{took:?}");
}

#[test]
fn a_cable_that_is_pulled_and_put_back() {
    let Some(lab) = Lab::new("a_cable_that_is_pulled_and_put_back") else { return };
    let _dht = lab.carry_dht();
    let (alice, bob) = two_friends(&lab);
    alice.link("down");
    until("it is seen that there is no network", || {
        let status = alice.status();
        status["network_connector"] != "CONNECTED" && status["p2p_connector"] != "CONNECTED"
    });
    assert!(alice.services().contains("with an address that others could use"), "{}", alice.services());
    alice.link("up");
    alice.way_out();
    let began = Instant::now();
    until("it is connected again", || alice.status()["network_connector"] == "CONNECTED");
    let noticed = began.elapsed();
    assert!(noticed < Duration::from_secs(5), "{noticed:?}");
    let took = talk(&alice, &bob);
    eprintln!("cable: seen in {:.1} s, they met again within {:.1} s", noticed.as_secs_f32(), took.as_secs_f32());
}

#[test]
fn packets_that_vanish_for_a_while() {
    let Some(lab) = Lab::new("packets_that_vanish_for_a_while") else { return };
    let _dht = lab.carry_dht();
    let (alice, bob) = two_friends(&lab);
    // The link is up, and nothing comes through.
    alice.unplug_at_the_switch();
    let message = alice.send("bob");
    until("the silence is noticed", || bob.status()["contacts"]["online"] == 0);
    assert!(!alice.is_delivered(&message));
    alice.plug_in_at_the_switch();
    let began = Instant::now();
    until("the message is delivered", || alice.is_delivered(&message));
    eprintln!("black hole: delivered {:.1} s after it was closed", began.elapsed().as_secs_f32());
    talk(&alice, &bob);
}

#[test]
fn a_node_without_an_interface_says_so_and_sees_the_one_that_comes() {
    let Some(lab) = Lab::new("a_node_without_an_interface_says_so_and_sees_the_one_that_comes") else { return };
    let mut alone = lab.machine("alone", &[]);
    alone.start();
    until("it knows that there is no network", || alone.status()["network_connector"] == "RESTING");
    assert!(alone.services().contains("with an address that others could use"), "{}", alone.services());
    assert!(alone.doctor().contains("with an address that others could use"), "{}", alone.doctor());
    assert_ne!(alone.status()["p2p_connector"], "CONNECTED");
    let began = Instant::now();
    alone.address("10.77.1.7/16");
    until("it listens at the address that came", || alone.id().contains("10.77.1.7"));
    eprintln!("an interface came: seen within {:.1} s", began.elapsed().as_secs_f32());
    assert!(began.elapsed() < Duration::from_secs(5));
    until("it is connected", || alone.status()["network_connector"] == "CONNECTED");
    assert!(!alone.services().contains("with an address that others could use"), "{}", alone.services());
}

#[test]
fn only_ipv6_is_enough() {
    let Some(lab) = Lab::new("only_ipv6_is_enough") else { return };
    let mut machines = [("alice", "fd77::1/64"), ("bob", "fd77::2/64")].map(|(name, address)| {
        let mut machine = lab.machine(name, &[]);
        machine.address(address);
        machine.start();
        machine
    });
    until("they listen", || machines[0].id().contains("fd77::1") && machines[1].id().contains("fd77::2"));
    let addresses = machines.each_ref().map(Machine::id);
    machines[0].run(&["contact", "add", &addresses[1], "--name", "bob"]);
    machines[1].run(&["contact", "add", &addresses[0], "--name", "alice"]);
    machines.iter_mut().for_each(|machine| machine.mark());
    let [alice, bob] = machines;
    talk(&alice, &bob);
    assert_eq!(alice.status()["network_connector"], "CONNECTED");
}

#[test]
fn both_families_reach_a_node_that_listens_by_default() {
    let Some(lab) = Lab::new("both_families_reach_a_node_that_listens_by_default") else { return };
    let mut alice = lab.machine("alice", &[]);
    alice.address("10.77.1.1/16");
    alice.address("fd77::1/64");
    alice.start();
    until("it listens on both", || alice.id().contains("fd77::1") && alice.id().contains("10.77.1.1"));
    for (name, address) in [("old", "10.77.1.2/16"), ("new", "fd77::2/64")] {
        let mut other = lab.machine(name, &[]);
        other.address(address);
        other.start();
        other.run(&["contact", "add", &alice.id(), "--name", "alice"]);
        alice.run(&["contact", "add", &other.id(), "--name", name]);
        until("it is reached", || other.status()["contacts"]["online"] == 1);
    }
}

#[test]
fn a_dht_without_names_says_so_and_enters_when_they_are_back() {
    let Some(lab) = Lab::new("a_dht_without_names_says_so_and_enters_when_they_are_back") else { return };
    let _dht = lab.carry_dht();
    let name = format!("[\"entry.invalid:{}\"]", lab.dht_port);
    let mut machine = lab.machine("alice", &[("services/entangled-dht/bootstrap", name)]);
    machine.address("10.77.1.1/16");
    machine.start();
    until("it says what is missing", || machine.status()["dht"]["problem"].to_string().contains("entry.invalid"));
    assert!(!machine.said().contains("panicked"), "{}", machine.said());
    machine.knows("entry.invalid", ROUTER);
    until("it is in the DHT", || machine.status()["dht"]["state"] == "JOINED");
}

#[test]
fn a_port_of_the_dht_that_is_taken_is_waited_for() {
    let Some(lab) = Lab::new("a_port_of_the_dht_that_is_taken_is_waited_for") else { return };
    let dht = lab.carry_dht();
    // In the namespace of the switch, where the port of the DHT is taken.
    let settings = [
        ("services/entangled-dht/bootstrap", "[]".to_owned()),
        ("services/entangled-dht/port", lab.dht_port.to_string()),
    ];
    let mut second = lab.machine_at_the_switch("second", &settings);
    second.start();
    until("it says what is taken", || {
        second.status()["dht"]["problem"].to_string().contains("services/entangled-dht/port")
    });
    assert!(!second.said().contains("panicked"), "{}", second.said());
    drop(dht);
    until("it has the port", || second.status()["dht"]["listening"].to_string().contains(&lab.dht_port.to_string()));
    assert!(!second.said().contains("panicked"), "{}", second.said());
}

#[test]
fn a_default_port_that_was_taken_is_taken_back() {
    let Some(lab) = Lab::new("a_default_port_that_was_taken_is_taken_back") else { return };
    let mut taker = lab.machine("taker", &[]);
    taker.address("10.77.1.1/16");
    taker.start();
    until("it has the default ports", || taker.id().contains("10.77.1.1:7771"));
    let mut machine = lab.second_on(&taker, "alice", &[("testing/dht-look", "\"1s\"".to_owned())]);
    machine.start();
    until("it listens at another port", || {
        let id = machine.id();
        id.contains("10.77.1.1:") && !id.contains("10.77.1.1:7771")
    });
    let dht = |machine: &Machine| machine.status()["dht"]["listening"].as_str().unwrap_or_default().to_owned();
    until("so does its DHT", || !dht(&machine).is_empty());
    assert!(!dht(&machine).ends_with(":14441"), "{}", dht(&machine));
    taker.stop();
    until("it has its port back", || machine.id().contains("10.77.1.1:7771"));
    until("so has its DHT", || dht(&machine).ends_with(":14441"));
}
