//! When a contact was last there, and how far away it is, are known after a restart too.

use bitpie::api::answers::{Peer, Peers};
use bitpie::api::methods::ListPeers;
use bitpie::identity::NodeId;
use serde_json::Value;

use super::nodes::{Node, until_both_online};
use super::peer::now_unix_ms;

/// So long a session lasts, at the least: its end is not to be mistaken for its beginning.
const SESSION_MS: u64 = 3_000;

/// Who ends the session.
#[derive(Clone, Copy, PartialEq)]
enum EndedBy {
    TheNode,
    TheFriend,
}

#[test]
fn when_a_friend_was_last_there_is_known_after_a_stop() {
    last_seen_is_known(EndedBy::TheNode);
}

#[test]
fn when_a_friend_was_last_there_is_known_though_the_friend_went_first() {
    last_seen_is_known(EndedBy::TheFriend);
}

fn last_seen_is_known(ended_by: EndedBy) {
    let mut node = Node::with(&[("testing/ping-interval", "\"300ms\"")]);
    let mut friend = Node::started();
    node.start();
    node.add(&friend.idurl(), "friend");
    friend.add(&node.idurl(), "node");
    until_both_online(&mut node, &mut friend);
    let id = friend.id();
    node.until("the session has lasted, and its round trip is measured", |node| {
        let session = known(node, id).and_then(|peer| peer.session);
        session.is_some_and(|session| {
            session.round_trip_ms.is_some() && now_unix_ms() >= session.since_unix_ms + SESSION_MS
        })
    });
    let since_unix_ms = known(&node, id).and_then(|peer| peer.session).expect("it is there").since_unix_ms;

    // The last that comes of the friend comes after this.
    let before = now_unix_ms();
    let last = friend.send("node", "good night");
    friend.until_delivered(&last.id);
    if ended_by == EndedBy::TheFriend {
        friend.stop();
        node.until("the friend has gone", |node| !node.is_online(id));
    }
    node.output(&["stop"]);
    let status = node.wait();
    assert!(status.success(), "it ended with {status}");
    let after = now_unix_ms();
    if ended_by == EndedBy::TheNode {
        friend.stop();
    }

    node.start();
    let [of_contact, of_peer] =
        [entry(&node, &["--json", "contact", "list"], "contacts", id), entry(&node, &["--json", "peers"], "peers", id)];
    for (what, entry) in [("contact list", &of_contact), ("peers", &of_peer)] {
        let seen = entry["last_seen_unix_ms"].as_u64().unwrap_or_else(|| panic!("{what} says nothing: {entry}"));
        assert!(
            (before..=after).contains(&seen),
            "{what}: {} ms after the session began, which lasted from {} to {} ms",
            i128::from(seen) - i128::from(since_unix_ms),
            before - since_unix_ms,
            after - since_unix_ms
        );
    }
    assert!(of_peer["session"].is_null(), "the friend is not there: {of_peer}");
    assert!(of_peer["round_trip_us"].as_u64().is_some_and(|us| us > 0), "the round trip is forgotten: {of_peer}");
}

fn known(node: &Node, id: NodeId) -> Option<Peer> {
    let Peers { peers } = node.call(&ListPeers {});
    peers.into_iter().find(|peer| peer.id == Some(id))
}

/// What a command prints of somebody.
fn entry(node: &Node, arguments: &[&str], list: &str, id: NodeId) -> Value {
    let printed: Value = serde_json::from_str(&node.output(arguments)).expect("JSON");
    let entries = printed[list].as_array().expect("a list").clone();
    let id = Value::from(id.to_string());
    entries.into_iter().find(|entry| entry["id"] == id).expect("it is listed")
}
