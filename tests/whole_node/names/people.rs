//! What a user meets who talks to people by name: several who claim one, those who are known already, services that are
//! off, and a DHT whose well-known nodes are gone.

use std::fs;

use bitpie::api::answers::ContactState;
use bitpie::home::Home;
use bitpie::identity::{Fingerprint, NodeId};

use super::super::nodes::Node;
use super::super::peer::now_unix_ms;
use super::{Network, Stranger, alice, key, node};

/// What a command writes to standard output and standard error, and whether it has done what it was asked for.
fn told(node: &Node, arguments: &[&str]) -> (bool, String) {
    let output = node.command(arguments).output().expect("it can be run");
    (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[track_caller]
fn done(node: &Node, arguments: &[&str]) -> String {
    let (is_done, said) = told(node, arguments);
    assert!(is_done, "{arguments:?}: {said}");
    said
}

#[track_caller]
fn refused(node: &Node, arguments: &[&str]) -> String {
    let (is_done, said) = told(node, arguments);
    assert!(!is_done, "{arguments:?}: {said}");
    said
}

fn is_joined(node: &Node) -> bool {
    node.status().dht.state == "JOINED"
}

#[test]
fn of_several_who_claim_a_name_the_user_chooses_one() {
    let network = Network::new();
    let (stranger, b) = (network.stranger(), network.node());
    let claimants: Vec<NodeId> = (0..3).map(|slot| claim_alice(&stranger, slot)).collect();
    b.until("all are found", |node| node.finds(&alice()).len() == claimants.len());
    let fingerprints: Vec<String> = claimants.iter().map(|id| Fingerprint::of(id).to_string()).collect();

    // Nothing is chosen: the list, and what to do with it.
    for arguments in [&["msg", "send", "alice", "hello"][..], &["contact", "add", "alice"]] {
        let said = refused(&b, arguments);
        for (place, fingerprint) in fingerprints.iter().enumerate() {
            assert!(said.contains(&format!("    {place}  {fingerprint}  ")), "{said}");
        }
        assert!(said.contains("error: 3 people claim the nickname `alice`"), "{said}");
        assert!(said.contains("--fingerprint '…', or --place N"), "{said}");
    }
    let said = refused(&b, &["msg", "send", "alice", "hello", "--yes"]);
    assert!(said.contains("3 people claim"), "{said}");
    assert!(claimants.iter().all(|id| b.contact(*id).is_none()), "nobody was chosen");

    let said = done(&b, &["contact", "add", "alice", "--name", "second", "--place", "1", "--yes"]);
    assert!(said.contains("second is a contact now") && said.contains(&fingerprints[1]), "{said}");
    done(&b, &["msg", "send", "alice", "hello", "--fingerprint", &fingerprints[2]]);
    let name_of = |id: NodeId| b.contact(id).map(|contact| contact.name.map(String::from));
    let names: Vec<_> = claimants.iter().map(|id| name_of(*id)).collect();
    assert_eq!(names, [None, Some(Some("second".to_owned())), Some(Some("alice".to_owned()))]);
    // From now on the name means the third, and only the third.
    done(&b, &["msg", "send", "alice", "hello again", "--fingerprint", &fingerprints[2]]);
    let said = refused(&b, &["msg", "send", "alice", "hello", "--fingerprint", &fingerprints[0]]);
    assert!(said.contains(&format!("`alice` is the node {}", fingerprints[2])), "{said}");
    assert_eq!(b.all_messages().iter().filter(|message| message.with == claimants[2]).count(), 2);
    assert_eq!(b.all_messages().len(), 2);

    let said = done(&b, &["find", "alice"]);
    assert!(said.contains("your contact second") && said.contains("your contact alice"), "{said}");
    assert!(said.contains("other claims are left out"), "{said}");
}

/// Somebody who is called Alice, in that place.
fn claim_alice(stranger: &Stranger, slot: u8) -> NodeId {
    let key = key(20 + slot);
    stranger.publish(&key, Some(alice()), &[]);
    stranger.claim(&key, slot, now_unix_ms(), 1);
    key.id()
}

#[test]
fn whoever_is_known_already_stays_who_they_are() {
    let network = Network::new();
    let (mut a, mut b) = (network.node(), network.node());
    a.wish(&alice());
    a.until_held();
    let id = a.id();
    let marked = format!("bitpie:{}", &id.to_string()[..8]);
    b.until("she is found", |node| node.finds(&alice()).len() == 1);
    let find = |node: &Node| done(node, &["find", "alice"]);
    let state = |node: &Node| node.contact(id).expect("she has written").state;
    let is_contact = |node: &Node| node.find(&alice(), false).claimants.iter().all(|claimant| claimant.is_contact);

    // She has written: she would like to talk, and is no contact.
    a.add(&b.idurl(), "b");
    a.send("b", "hello");
    b.until("she would like to talk", |node| node.contact(id).is_some());
    let found = find(&b);
    assert!(found.contains("wants to talk") && !found.contains("contact"), "{found}");
    assert!(!is_contact(&b));

    // Refused: no search takes that back.
    done(&b, &["contact", "refuse", &marked]);
    assert!(find(&b).contains("refused"), "{}", find(&b));
    let fingerprint = Fingerprint::of(&id).to_string();
    for arguments in [
        &["msg", "send", "alice", "hello", "--yes"][..],
        &["contact", "add", "alice", "--yes"],
        &["msg", "send", "alice", "hello", "--fingerprint", &fingerprint],
    ] {
        let said = refused(&b, arguments);
        assert!(
            said.contains("you have refused this node") && said.contains("bitpie contact accept bitpie:"),
            "{said}"
        );
    }
    assert_eq!(state(&b), ContactState::Refused);
    assert!(b.all_messages().is_empty(), "nothing was sent");

    // Accepted under another name than she has: that stays, and it is said who she is.
    done(&b, &["contact", "accept", &marked, "--name", "al"]);
    assert!(find(&b).contains("your contact al") && is_contact(&b), "{}", find(&b));
    let said = done(&b, &["msg", "send", "alice", "hello yourself", "--yes"]);
    assert!(said.contains("You know this node already, as al."), "{said}");
    let contact = b.contact(id).expect("a contact");
    assert_eq!((contact.name.map(String::from).as_deref(), contact.state), (Some("al"), ContactState::Accepted));
    a.until("it has come", |node| node.received() == ["hello yourself"]);
}

#[test]
fn a_nickname_that_nobody_looks_after_is_told() {
    let network = Network::new();
    let a = network.node();
    a.until("it is in the DHT", is_joined);
    a.stop_service("private-messages");
    for arguments in [&["nick", "set", "alice"][..], &["nick", "show"]] {
        let said = done(&a, arguments);
        assert!(said.contains("the service private-messages is off"), "{said}");
        assert!(
            said.contains("`bitpie service start private-messages`") && !said.contains("being registered"),
            "{said}"
        );
    }
    a.start_service("private-messages");
    a.until_held();
    a.stop_service("entangled-dht");
    let said = done(&a, &["nick", "show"]);
    assert!(said.contains("`bitpie service start entangled-dht`") && !said.contains("goes on trying"), "{said}");
}

#[test]
fn the_command_line_says_for_one_run_who_carries_the_dht() {
    let network = Network::new();
    // The settings name nobody.
    let mut a = node(&[], &[]);
    let [first, rest @ ..] = network.bootstrap() else { panic!("there are some") };
    a.run_arguments = vec!["--bootstrap".to_owned(), rest.join(","), "--bootstrap".to_owned(), first.clone()];
    a.start();
    a.until("it is in the DHT", is_joined);
    let path = "services/entangled-dht/bootstrap";
    let named = |list: &str| network.bootstrap().iter().all(|node| list.contains(node.as_str()));
    assert!(named(&a.output(&["config", "get", path])));
    // It outlives other changes, and the DHT's own end and beginning.
    a.output(&["config", "set", "messages/read-receipts", "false"]);
    a.stop_service("entangled-dht");
    a.start_service("entangled-dht");
    a.until("it is in the DHT again", is_joined);
    assert!(!fs::read_to_string(a.home().join("config.toml")).expect("it is there").contains(first.as_str()));
    a.stop();
    a.run_arguments.clear();
    a.start();
    a.until("nobody is asked", |node| node.status().dht.state == "ALONE");
    assert!(!named(&a.output(&["config", "get", path])));

    let wrong = a.command(&["run", "--bootstrap", "192.0.2.1"]).output().expect("it can be run");
    let said = String::from_utf8_lossy(&wrong.stderr);
    assert_eq!(wrong.status.code(), Some(2), "{said}");
    assert!(said.contains("--bootstrap") && said.contains("`192.0.2.1`") && said.contains("HOST:PORT"), "{said}");
}

#[test]
fn a_node_that_was_in_the_dht_finds_it_again_when_those_whom_it_was_told_of_are_gone() {
    let mut network = Network::new();
    let told_of = network.bootstrap().to_vec();
    let mut a = node(&told_of, &[]);
    let saved = Home::at(a.home()).dht_nodes_file();
    a.start();
    a.until("others are written down", |_| {
        let saved = fs::read_to_string(&saved).unwrap_or_default();
        saved.lines().any(|line| !told_of.iter().any(|told| line.contains(told.as_str())))
    });
    a.stop();
    network.0.nodes.drain(..told_of.len());
    a.until("those are gone", |_| {
        // One who has heard of the others once knows them.
        let newcomer = Stranger::new(&told_of, "test");
        !newcomer.runtime.block_on(newcomer.directory.dht().is_anybody_there())
    });
    a.start();
    a.until("it is in the DHT again", is_joined);
    // It is what was written down, and nothing else.
    a.stop();
    fs::remove_file(&saved).expect("it is there");
    a.start();
    a.until("nobody is found", |node| node.status().dht.state == "ALONE");
}
