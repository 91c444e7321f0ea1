//! A home whose key is there and whose history is gone: the identity is as usable as before, whatever others remember of
//! it, and nobody but its own signature says how far that goes.

use std::fs;

use bitpie::home::Home;
use bitpie::identity::{IdentityDocument, IdentityKey, SealingKey, VerifiedDocument};
use bitpie::wire::{Frame, Refusal};

use super::nodes::{Node, pair_online, until_both_online};
use super::peer::{Peer, now_unix_ms};

/// The revision of somebody's identity document that a node has; it does not run.
fn revision(node: &Node, of: &IdentityKey) -> u64 {
    node.store().document(&of.id()).expect("it can be read").expect("it is kept").revision
}

/// A document of this revision, made now.
fn document(key: &IdentityKey, revision: u64) -> VerifiedDocument {
    let sealing = SealingKey::derive(key, 0).public();
    IdentityDocument::new(key.id(), sealing, revision, now_unix_ms()).sign(key).0
}

fn lose_history(node: &Node) {
    fs::remove_dir_all(Home::at(node.home()).messages_folder()).expect("removed");
}

#[test]
fn an_identity_without_its_history_is_taken_by_its_contacts_and_tells_its_user() {
    let (mut a, mut b) = pair_online();
    let b_url = b.idurl();
    a.stop();
    b.stop();
    let key = a.key();
    let before = revision(&b, &key);
    lose_history(&a);
    a.start();
    b.start();
    let [notice] = &a.status().notices[..] else { panic!("{:?}", a.status().notices) };
    assert!(notice.contains("no history of this identity"), "{notice}");
    assert!(a.said().contains("Note: no history") && a.output(&["status"]).contains("no history"));
    a.add(&b_url, "b");
    until_both_online(&mut a, &mut b);
    let (there, back) = (a.send("b", "still me"), b.send("a", "so I see"));
    a.until_delivered(&there.id);
    b.until_delivered(&back.id);
    assert_eq!(b.status().counters.refusals.get("bad_document"), None);
    a.stop();
    b.stop();
    assert!(revision(&b, &key) > before);
    // It is told once: from now on there is a history.
    a.start();
    assert_eq!(a.status().notices, [""; 0]);
}

/// A clock that was ahead, or an older copy of the home: what contacts remember is above all that this node can guess.
#[test]
fn a_contact_shows_what_it_remembers_and_the_node_goes_above_it() {
    let (mut a, mut b) = pair_online();
    a.stop();
    b.stop();
    let key = a.key();
    let remembered = 4 * now_unix_ms();
    b.store().keep_document(&document(&key, remembered), now_unix_ms()).expect("kept");
    a.start();
    b.start();
    until_both_online(&mut a, &mut b);
    let sent = a.send("b", "heard?");
    a.until_delivered(&sent.id);
    let [notice] = &a.status().notices[..] else { panic!("{:?}", a.status().notices) };
    assert!(notice.contains("others knew a newer identity document"), "{notice}");
    assert!(b.refusals("bad_document") > 0);
    a.stop();
    b.stop();
    assert!((remembered + 1..remembered + 100).contains(&revision(&b, &key)), "{}", revision(&b, &key));
}

#[test]
fn nobody_else_drives_the_revision_up() {
    let mut node = Node::started();
    let key = node.key();
    let mut peer = Peer::new(7);
    // Others' documents, damaged ones and those of revisions that nobody may have end the session.
    let mut damaged = document(&key, 1 << 50).as_bytes().to_vec();
    *damaged.last_mut().expect("it is not empty") ^= 1;
    let too_high = {
        let sealing = SealingKey::derive(&key, 0).public();
        IdentityDocument::new(key.id(), sealing, u64::MAX, now_unix_ms()).sign(&key).0
    };
    let others = document(&peer.key, 1 << 50);
    for bytes in [damaged, too_high.as_bytes().to_vec(), others.as_bytes().to_vec()] {
        let session = peer.dial(&node).expect("the node takes it");
        peer.say(session, &Frame::Hello(peer.hello()));
        peer.say(session, &Frame::YourDocument(bytes));
        assert_eq!(peer.refusal(session), Refusal::Violation);
    }
    // One of our own that is older says nothing.
    let mut other = Peer::new(8);
    let session = other.join(&node);
    other.say(session, &Frame::YourDocument(document(&key, 0).as_bytes().to_vec()));
    other.assert_alive(session);
    assert_eq!(node.status().notices, [""; 0]);
    node.stop();
    assert!(revision(&node, &key) < 100);
}

#[test]
fn whoever_shows_an_older_document_is_shown_the_newest_and_a_stranger_is_not() {
    let node = Node::started();
    let mut peer = Peer::new(7);
    let session = peer.join(&node);
    peer.close(session);
    let newest = peer.document(now_unix_ms());
    let session = peer.dial(&node).expect("the node takes it");
    peer.say(session, &Frame::Hello(peer.hello()));
    peer.say(session, &peer.peer_id(session, &newest));
    peer.make_ready(session);
    peer.close(session);
    let older = document(&peer.key, 5);
    let session = peer.dial(&node).expect("the node takes it");
    peer.say(session, &Frame::Hello(peer.hello()));
    peer.say(session, &peer.peer_id(session, &older));
    let shown = peer.hear_until(session, |frame| match frame {
        Frame::YourDocument(bytes) => Some(bytes.clone()),
        _ => None,
    });
    assert_eq!(shown, newest.as_bytes());
    assert_eq!(peer.refusal(session), Refusal::BadDocument);
    // Without a proof nobody is shown anything.
    let session = peer.dial(&node).expect("the node takes it");
    peer.say(session, &Frame::Hello(peer.hello()));
    let Frame::PeerId(mut unproven) = peer.peer_id(session, &older) else { panic!("it is one") };
    unproven.proof[0] ^= 1;
    peer.say(session, &Frame::PeerId(unproven));
    let mut heard = Vec::new();
    while let Some(frame) = peer.hear(session) {
        heard.push(frame.name());
    }
    assert!(!heard.contains(&"your_document") && heard.contains(&"refused"), "{heard:?}");
}
