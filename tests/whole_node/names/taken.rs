//! Who gets a name, who is found by it, and who talks by it.

use std::collections::{BTreeMap, BTreeSet};

use bitpie::api::answers::FoundNames as Found;
use bitpie::api::methods::ClearNickname;
use bitpie::identity::NodeId;
use bitpie::nickname::NicknameResult;

use super::super::nodes::{self, Node};
use super::{Network, alice, bob};

#[test]
fn a_name_is_all_that_it_takes_to_talk() {
    let network = Network::new();
    let (mut a, b) = (network.node(), network.node());
    a.wish(&alice());
    assert_eq!(a.until_held(), 0);
    let id = a.id();

    // By the command line, as a user would.
    b.until("it is in the DHT", |node| node.status().dht.state == "JOINED");
    let found = b.output(&["find", "alice", "--json"]);
    let found: Found = serde_json::from_str(&found).expect("JSON");
    assert_eq!(found.claimants.len(), 1);
    assert_eq!((found.claimants[0].id, found.claimants[0].index, found.complete), (id, 0, true));
    // Nobody has confirmed the fingerprint.
    let refused = b.command(&["msg", "send", "alice", "hello"]).output().expect("it can be run");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("--yes"), "{said}");
    assert!(b.all_messages().is_empty());
    // And now somebody has.
    b.output(&["msg", "send", "alice", "hello", "--yes"]);
    a.until("somebody would like to talk", |node| node.status().contacts.requests == 1);

    let contact = b.contact(id).expect("alice is pinned");
    assert_eq!(contact.name, Some(alice()));
    // It is known now whether she is there.
    b.until("she answers", |node| {
        node.find(&alice(), true).claimants.iter().all(|claimant| claimant.answers == Some(true))
    });
}

#[test]
fn two_who_want_one_name_at_the_same_moment_get_a_place_each() {
    each_gets_a_place(2);
}

#[test]
fn ten_who_want_one_name_at_the_same_moment_get_a_place_each() {
    each_gets_a_place(10);
}

fn each_gets_a_place(count: usize) {
    let network = Network::new();
    let mut nodes: Vec<Node> = (0..count).map(|_| network.node_with(&[("testing/nickname-check", "\"2s\"")])).collect();
    for node in &nodes {
        node.until("its identity is in the DHT", Node::is_published);
    }
    for node in &nodes {
        node.wish(&alice());
    }
    let mine: BTreeMap<NodeId, usize> = nodes.iter_mut().map(Node::id).enumerate().map(|(at, id)| (id, at)).collect();
    // Slot by slot: of all who write into one, one stays, and the others see that when they look again.
    nodes::until_within(nodes::DEADLINE * 3, "each has a place, and all agree who has which", || {
        let held: Vec<Option<u8>> = nodes.iter().map(Node::had).collect();
        let places: BTreeSet<u8> = held.iter().flatten().copied().collect();
        let places_of_all: BTreeMap<u8, usize> =
            held.iter().enumerate().filter_map(|(node, place)| Some(((*place)?, node))).collect();
        let found = nodes.iter().map(|node| {
            let found = node.finds(&alice()).into_iter();
            found.map(|(place, id)| (place, mine[&id])).collect::<BTreeMap<u8, usize>>()
        });
        // Told if it does not come about.
        eprintln!("{held:?}");
        let all_agree = found.inspect(|found| eprintln!("  {found:?}")).all(|found| found == places_of_all);
        (places.len() == count && all_agree).then_some(())
    });
}

#[test]
fn a_name_is_changed_and_given_up() {
    let network = Network::new();
    let (mut a, b) = (network.node(), network.node());
    a.wish(&alice());
    a.until_held();
    a.wish(&bob());
    b.until("the new name is found", |node| node.finds(&bob()).len() == 1);
    assert_eq!(b.finds(&alice()), BTreeMap::new());
    // It outlives the node for a while, and is its own when it is back.
    a.stop();
    assert_eq!(b.finds(&bob()).len(), 1);
    a.start();
    a.until_held();
    assert_eq!(a.nickname().result, Some(NicknameResult::Own));
    a.call(&ClearNickname {});
    b.until("it is given up", |node| node.finds(&bob()).is_empty());
}

#[test]
fn a_friend_who_has_moved_is_found_by_the_document() {
    let network = Network::new();
    let (mut a, mut b) = (network.node(), network.node());
    let id = a.id();
    // Nothing but the id is known.
    b.until("it is in the DHT", |node| node.status().dht.state == "JOINED");
    a.until("its identity is in the DHT", Node::is_published);
    b.add(&format!("bitpie:{id}"), "a");
    b.until_online(id);
    // Another port: whoever has the old address finds nobody there.
    a.stop();
    let port = nodes::free_port();
    a.set("services/tcp-transport/port", Some(&port.to_string()));
    a.start();
    b.until_online(id);
    b.stop();
}

#[test]
fn whoever_asks_while_the_node_is_still_joining_waits_for_the_answer() {
    let network = Network::new();
    let mut a = network.node();
    a.wish(&alice());
    a.until_held();
    let id = a.id();
    let mut b = super::node(network.bootstrap(), &[]);
    b.start();
    // At once, whatever state its DHT is in.
    let found = b.output(&["find", "alice", "--json"]);
    let found: Found = serde_json::from_str(&found).expect("JSON");
    assert_eq!(found.claimants.iter().map(|claimant| claimant.id).collect::<Vec<_>>(), [id]);
}
