//! What `status` and `doctor` say of a node in states that are not as they should be, and of one that is well.

use std::net::{Ipv4Addr, TcpListener};

use bitpie::api::methods::SetNickname;
use bitpie::wire::{Frame, Refusal};
use serde_json::Value;

use super::nodes::{Node, free_port, pair_online, until};
use super::peer::{Peer, now_unix_ms};

/// What a check of `doctor` found: whether it is bad, what was found, and what to do about it.
fn found(node: &Node, check: &str) -> (bool, String, String) {
    let output = node.command(&["doctor", "--json"]).output().expect("it can be run");
    let all: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let checks = all["checks"].as_array().expect("a list");
    let found = checks.iter().find(|found| found["name"] == check).expect("there is such a check");
    let text = |of: &Value| of.as_str().unwrap_or_default().to_owned();
    let is_bad = found["verdict"] == "bad";
    assert!(!is_bad || !output.status.success(), "what is bad is the exit code too");
    (is_bad, text(&found["said"]), text(&found["help"]))
}

/// Waits until a check finds that something is bad.
fn until_bad(node: &Node, check: &str) -> (String, String) {
    until(&format!("doctor finds: {check}"), || {
        let (is_bad, said, help) = found(node, check);
        is_bad.then_some((said, help))
    })
}

/// A node with the services that are on by default.
fn usual() -> Node {
    let on = ["services/udp-connections/enabled", "services/udp-transport/enabled"].map(|path| (path, "true"));
    let mut node = Node::with(&on);
    node.start_listening();
    node
}

fn first_line(node: &Node) -> String {
    node.output(&["status"]).lines().next().expect("it says something").to_owned()
}

#[test]
fn a_port_that_is_taken_is_told_by_doctor_and_in_the_first_line_of_status() {
    let mut node = Node::new();
    let taken = TcpListener::bind(node.address()).expect("it is free");
    node.start();
    let (said, help) = until_bad(&node, "listening");
    assert!(said.contains("in use") && said.contains("services/tcp-transport/port"), "{said}");
    assert!(help.contains("bitpie reconnect"), "{help}");
    let first = first_line(&node);
    assert!(first.starts_with("not reachable, because") && first.contains("in use"), "{first}");
    assert!(node.output(&["status"]).contains("`bitpie doctor` says what to do"));

    drop(taken);
    node.output(&["reconnect"]);
    until("it listens", || (!found(&node, "listening").0).then_some(()));
    node.until("status says so too", |node| !first_line(node).starts_with("not reachable"));
}

#[test]
fn an_address_that_this_machine_does_not_have_is_told() {
    // Of a network for documentation (RFC 5737).
    let mut node = Node::with(&[("services/tcp-transport/address", "\"192.0.2.77\"")]);
    node.start();
    let (said, _) = until_bad(&node, "listening");
    assert!(!said.is_empty());
    assert!(first_line(&node).starts_with("not reachable, because"), "{}", first_line(&node));
}

#[test]
fn a_dht_in_which_nobody_answers_a_nickname_and_a_discovery_that_fail_are_told() {
    let mut node = Node::with(&[
        ("services/lan-discovery/enabled", "true"),
        ("services/lan-discovery/interfaces", "[\"no-such-0\"]"),
        ("testing/mdns-port", &free_port().to_string()),
        ("services/entangled-dht/request-timeout", "\"50ms\""),
        ("services/entangled-dht/bootstrap", &format!("[\"127.0.0.1:{}\"]", free_port())),
    ]);
    node.start_listening();
    node.call(&SetNickname { name: "alice".parse().expect("a nickname") });
    assert!(until_bad(&node, "DHT").0.contains("nobody in it answers"));
    assert!(until_bad(&node, "nickname").0.contains("nobody finds this node as alice"));
    assert!(until_bad(&node, "local net").0.contains("no-such-0"));
    let status = node.output(&["status"]);
    assert!(status.starts_with("alone: it listens, but there is no session with another node"), "{status}");
    for told in ["nobody in it answers", "nobody finds this node as alice", "no-such-0"] {
        assert!(status.contains(told), "{told}: {status}");
    }
}

#[test]
fn a_dht_in_which_the_user_wants_nobody_to_be_asked_is_no_fault() {
    let mut node = Node::with(&[("services/entangled-dht/bootstrap", "[]")]);
    node.start_listening();
    node.until("it is known that nobody is asked", |node| found(node, "DHT").1.starts_with("nobody is asked"));
    assert!(!found(&node, "DHT").0);
    assert!(first_line(&node).ends_with("and it asks nobody in the DHT"), "{}", first_line(&node));
}

/// What a command writes to standard output and standard error, whatever comes of it.
fn told(node: &Node, arguments: &[&str]) -> String {
    let output = node.command(arguments).output().expect("it can be run");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn a_service_that_is_off_is_told_with_what_is_not_done_and_how_it_is_started() {
    let node = usual();
    node.add(&format!("bitpie:{}", Peer::new(33).id()), "al");
    node.until("all is on", |node| found(node, "services").1.starts_with("all are on"));
    assert!(!told(&node, &["msg", "send", "al", "hello"]).contains("It waits"));
    for (name, means) in
        [("private-messages", "no messages are sent or taken"), ("p2p-hookups", "which contacts are there")]
    {
        assert!(told(&node, &["service", "stop", name]).contains("is off"));
        let (is_bad, said, help) = found(&node, "services");
        assert!(!is_bad && said.starts_with(&format!("{name} is off: ")) && said.contains(means), "{said}");
        assert_eq!(help, format!("`bitpie service start {name}`"));
        let doctor = told(&node, &["doctor"]);
        assert!(doctor.contains("! services") && !doctor.contains("All is well."), "{doctor}");
        let status = node.output(&["status"]);
        assert!(status.contains(&said), "{status}");
        let sent = told(&node, &["msg", "send", "al", "hello"]);
        assert!(sent.contains("It waits") && sent.contains(&format!("{name} is off")), "{sent}");
        assert!(sent.contains(&help), "{sent}");
        told(&node, &["service", "start", name]);
        assert!(found(&node, "services").1.starts_with("all are on"));
    }
    told(&node, &["service", "disable", "private-messages"]);
    assert_eq!(found(&node, "services").2, "`bitpie service enable private-messages`");
}

#[test]
fn a_start_tells_what_is_still_off_and_its_advice_brings_it_back() {
    let node = usual();
    node.output(&["service", "stop", "network"]);
    let started = node.output(&["service", "start", "network"]);
    assert!(started.contains("Still off: gateway, tcp-connections, tcp-transport"), "{started}");
    assert!(started.contains("`bitpie service start private-messages`"), "{started}");
    assert!(!started.contains("lan-discovery"), "the settings have it off: {started}");
    // Both say how all come back; a start takes along what the service needs.
    let help = [found(&node, "listening").2, found(&node, "services").2].join(", ");
    let commands: Vec<&str> = help.split(", ").map(|command| command.trim_matches('`')).collect();
    assert!(commands.contains(&"bitpie service start tcp-transport") && commands.len() < 9, "{help}");
    for command in commands {
        node.output(&command.split(' ').skip(1).collect::<Vec<_>>());
    }
    assert!(found(&node, "services").1.starts_with("all are on"), "{}", found(&node, "services").1);

    node.output(&["service", "disable", "tcp-transport"]);
    let enabled = node.output(&["service", "enable", "tcp-transport"]);
    assert!(!enabled.contains("Still off"), "nothing depends on one way alone: {enabled}");
}

#[test]
fn transports_that_are_off_are_told_as_the_reason_why_nobody_listens() {
    let node = usual();
    for (off, on) in [("stop", "start"), ("disable", "enable")] {
        node.output(&["service", off, "udp-transport"]);
        assert!(!found(&node, "listening").0, "there is another");
        node.output(&["service", off, "tcp-transport"]);
        let (said, help) = until_bad(&node, "listening");
        assert_eq!(said, "no transport listens: tcp-transport and udp-transport are off");
        assert_eq!(help, format!("`bitpie service {on} tcp-transport`, `bitpie service {on} udp-transport`"));
        assert!(first_line(&node).contains("tcp-transport and udp-transport are off"), "{}", first_line(&node));
        node.output(&["service", on, "tcp-transport"]);
        until("it listens", || (!found(&node, "listening").0).then_some(()));
        node.output(&["service", on, "udp-transport"]);
    }
}

#[test]
fn a_name_of_the_dht_that_is_not_found_is_what_is_told() {
    // A name that nobody can have (RFC 6761).
    let mut node = Node::with(&[("services/entangled-dht/bootstrap", "[\"no-such.invalid:6881\"]")]);
    node.start_listening();
    node.call(&SetNickname { name: "alice".parse().expect("a nickname") });
    let why = "names in services/entangled-dht/bootstrap were not found: no-such.invalid:6881";
    let (said, help) = until_bad(&node, "DHT");
    assert!(said.contains(why), "{said}");
    assert!(help.contains("fix that") && !help.contains("log"), "{help}");
    node.until("it is told of the nickname too", |node| told(node, &["nick", "show"]).contains(why));
    node.until("a search says so", |node| told(node, &["find", "alice"]).contains(why));
    assert!(first_line(&node).ends_with("and the DHT cannot be entered"), "{}", first_line(&node));
}

#[test]
fn a_search_without_anybody_to_ask_says_which_setting_is_empty() {
    let mut node = Node::with(&[("services/entangled-dht/bootstrap", "[]")]);
    node.start_listening();
    let found = told(&node, &["find", "alice"]);
    assert!(found.contains("this node asks nobody: services/entangled-dht/bootstrap is empty"), "{found}");
    assert!(found.contains("bitpie config set services/entangled-dht/bootstrap --default"), "{found}");
}

#[test]
fn a_ping_that_is_not_tried_says_why_and_nothing_else() {
    let mut node = Node::new();
    node.start_listening();
    let mut other = Node::new();
    other.start_listening();
    other.add(&node.idurl(), "node");
    other.send("node", "may I?");
    let id = other.key().id();
    node.until("the stranger waits", |node| node.contact(id).is_some());
    let who = format!("bitpie:{id}");
    let stranger = told(&node, &["contact", "ping", &who]);
    assert!(stranger.contains("is a stranger who waits to be accepted"), "{stranger}");
    assert!(stranger.contains("`bitpie contact accept bitpie:") && !stranger.contains("p2p-hookups"), "{stranger}");
    node.output(&["contact", "refuse", &who]);
    let refused = told(&node, &["contact", "ping", &who]);
    assert!(refused.contains("you have refused") && !refused.contains("p2p-hookups"), "{refused}");
    node.output(&["contact", "accept", &who]);
    node.output(&["service", "stop", "p2p-hookups"]);
    let off = told(&node, &["contact", "ping", &who]);
    assert!(off.contains("p2p-hookups is off: ") && off.contains("`bitpie service start p2p-hookups`"), "{off}");
    assert!(!off.contains("accept"), "{off}");
    other.stop();
}

#[test]
fn states_and_counters_are_told_to_who_asks_for_them() {
    let (a, b) = pair_online();
    let nodes = [&a, &b];
    for node in nodes {
        assert_eq!(first_line(node), "online, but reachable on this machine only: it listens on loopback");
        let (short, long) = (node.output(&["status"]), node.output(&["status", "--verbose"]));
        for of_automata in ["LISTENING", "violations", "broken off"] {
            assert!(!short.contains(of_automata) && long.contains(of_automata), "{short}{long}");
        }
    }
    assert!(nodes.iter().any(|node| node.status().came_in.last_unix_ms.is_some()), "one of them was called");
    assert!(nodes.iter().all(|node| node.status().came_in.from_internet_unix_ms.is_none()));
}

#[test]
fn an_address_can_be_handed_on_as_it_is_printed() {
    // It listens nowhere, so there is advice beside it.
    let mut node = Node::new();
    let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, node.address().port())).expect("it is free");
    node.start();
    let mut other = Node::started();
    let output = node.command(&["id"]).output().expect("it can be run");
    let (address, advice) = (String::from_utf8(output.stdout), String::from_utf8(output.stderr));
    assert!(advice.expect("UTF-8").contains("listens nowhere"));
    let address = address.expect("UTF-8");
    other.output(&["contact", "add", address.trim_end_matches('\n'), "--name", "a"]);
    assert!(other.contact(node.key().id()).is_some());
    other.stop();
}

#[test]
fn a_clock_from_which_two_contacts_differ_is_told_everywhere() {
    let mut node = Node::new();
    node.start_listening();
    for (seed, name) in [(31, "one"), (32, "two")] {
        let mut peer = Peer::new(seed);
        node.add(&format!("bitpie:{}", peer.id()), name);
        let session = peer.dial(&node).expect("a session");
        let mut hello = peer.hello();
        // Half a minute for a machine that is busy.
        hello.time_unix_ms = now_unix_ms() + 1_030_000;
        peer.say(session, &Frame::Hello(hello));
        assert_eq!(peer.refusal(session), Refusal::ClocksApart);
        let contact = node.contact(peer.id()).expect("it is one");
        assert!(contact.clock_ahead_ms.is_some_and(|ms| (1_000_000..=1_030_000).contains(&ms)), "{contact:?}");
        if name == "one" {
            assert!(until_bad(&node, "clocks").0.contains("it is not known which is wrong"));
        }
    }
    let (said, help) = until_bad(&node, "clocks");
    assert!(said.starts_with("your clock is 10") && said.ends_with(" s behind 2 peers"), "{said}");
    assert!(help.contains("set the clock of this machine"), "{help}");
    assert!(node.output(&["status"]).contains(" s behind 2 peers"));
    assert!(node.status().clock.ahead_ms.is_some_and(i64::is_negative));
    assert!(node.output(&["contact", "list"]).contains("the clock of two is 10"));
    node.until("it is in the log", |node| {
        let said = node.said();
        said.contains("the clock of this machine is wrong") && said.contains("the clocks are too far apart")
    });
    // Nobody listens there, so what is told is why the last session ended.
    let output = node.command(&["contact", "ping", "one"]).output().expect("it can be run");
    assert!(!output.status.success());
}
