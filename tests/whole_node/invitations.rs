//! Invitations: a friend gets through to a node that a crowd of strangers has filled, and nobody does by an invitation
//! that is not theirs.

use bitpie::api::answers::{ContactState, MessageState};
use bitpie::api::hidden::Hidden;
use bitpie::api::methods::{AcceptContact, AddContact, ListInvitations, ListMessages, NewInvitation, RemoveInvitation};
use bitpie::identity::{Idurl, Invitation, InvitationName, NodeId, SealingKey};
use bitpie::messages::{MessageHeader, MessageText, seal};
use bitpie::wire::{Fail, FailReason, Frame, Packet, PacketId, PacketKind, VerifiedPacket};

use super::nodes::Node;
use super::peer::{Peer, now_unix_ms};

/// Strangers of the crowd: more than the node keeps.
const CROWD: u8 = 60;

/// A node that keeps so many messages of strangers, and takes any number of connections of this machine.
fn node(requests_of_all: &str) -> Node {
    let mut node = Node::with(&[
        ("messages/requests-of-all", requests_of_all),
        ("sessions/accepted-per-second", "100000"),
        ("sessions/inbound-per-address", "1000"),
    ]);
    node.start_listening();
    node
}

/// An invitation of the node, with its name.
fn invitation(node: &Node, for_ms: Option<u64>) -> (Invitation, InvitationName) {
    let made = node.call(&NewInvitation { for_ms });
    let idurl: Idurl = made.idurl.0.parse().expect("an address");
    (idurl.invitation.expect("it was asked for"), made.invitation.name)
}

/// A stranger who asks to talk, and what the node answers: nothing if it keeps the message, or why it does not.
fn ask(node: &Node, peer: &mut Peer, number: u8, invitation: Option<&Invitation>) -> Option<FailReason> {
    let session = peer.join(node);
    let (id, now) = (PacketId([number; 16]), now_unix_ms());
    let header = MessageHeader::new(peer.id(), session.with, id, now, now + 3_600_000);
    let text = MessageText::new(format!("may I? ({number})")).expect("short");
    let to = SealingKey::derive(&node.key(), 0).public();
    let mut randomness = *peer.id().as_bytes();
    randomness[0] ^= number;
    let packet = Packet {
        kind: PacketKind::Message,
        id,
        sender: peer.id(),
        recipient: session.with,
        time_unix_ms: now,
        answers: None,
        payload: seal(&peer.key, &to, &header, &text, invitation, randomness).expect("a sound key"),
    };
    let bytes = packet.sign(&peer.key).expect("it is short").as_bytes().to_vec();
    let mut said = || {
        peer.say(session, &Frame::Packet(bytes.clone()));
        peer.hear_until(session, |frame| {
            let Frame::Packet(bytes) = frame else { return None };
            let packet = VerifiedPacket::verify(bytes).expect("an honest node signs").packet().clone();
            (packet.answers == Some(id)).then(|| match packet.kind {
                PacketKind::Ack => None,
                PacketKind::Fail => Some(Fail::decode(&packet.payload).expect("a reason").reason),
                kind => panic!("{kind:?} is no answer"),
            })
        })
    };
    let (first, again) = (said(), said());
    assert_eq!(first, again, "who sends it again hears the same");
    peer.close(session);
    first
}

/// By which invitation somebody waits.
fn waits_by(node: &Node, id: NodeId) -> Option<InvitationName> {
    let contact = node.contact(id).expect("they wait");
    assert_eq!(contact.state, ContactState::Request);
    contact.invitation
}

/// Who has used an invitation.
fn users(node: &Node, name: &InvitationName) -> Vec<NodeId> {
    let invitations = node.call(&ListInvitations {}).invitations;
    let found = invitations.into_iter().find(|it| it.name == *name).expect("it counts");
    found.used_by.into_iter().map(|user| user.id).collect()
}

#[test]
fn a_crowd_pushes_out_who_was_not_invited_and_nobody_who_was() {
    let mut node = node("50");
    let (mut friend, mut other) = (Node::started(), Node::started());
    let plain = node.output(&["id"]);
    let idurl = node.output(&["id", "--invite"]);
    assert!(idurl.starts_with(plain.trim()) && idurl.contains("invite=") && !plain.contains("invite="), "{idurl}");

    // As people do it: the address is handed over, and somebody writes.
    let said = friend.output(&["contact", "add", idurl.trim(), "--name", "node"]);
    assert!(said.contains("Your messages carry the invitation"), "{said}");
    other.output(&["contact", "add", plain.trim(), "--name", "node"]);
    for (sender, text) in [(&friend, "it is me"), (&other, "hello")] {
        let sent = sender.send("node", text);
        sender.until_delivered(&sent.id);
    }
    let other_id = other.id();
    assert_eq!(waits_by(&node, other_id), None);
    for number in 0..CROWD {
        assert_eq!(ask(&node, &mut Peer::new(100 + number), 1, None), None, "one of the crowd: {number}");
    }
    assert!(node.contact(other_id).is_none(), "the crowd has taken their place");
    let id = friend.id();
    let name = waits_by(&node, id).expect("they came by it");
    assert_eq!(users(&node, &name), [id]);
    let counts = node.status().contacts;
    assert_eq!((counts.requests, counts.invited), (51, 1));
    assert!(node.output(&["contact", "list"]).contains("invited, wants to talk"));
    assert!(node.output(&["status"]).contains("1 of them invited"));
    let who = id.to_string();
    let shown = node.call(&ListMessages { with: Some(who.clone()), limit: 9, before: None }).messages;
    assert_eq!((shown[0].state, shown[0].invited), (MessageState::Waiting, true));
    assert!(node.output(&["msg", "list", &who]).contains("An invited stranger"));

    // All of it is on disk.
    node.stop();
    node.start();
    let sent = friend.send("node", "are you there?");
    friend.until_delivered(&sent.id);
    assert_eq!(waits_by(&node, id), Some(name.clone()));
    assert_eq!(users(&node, &name), [id], "a second message uses no second invitation");
    assert_eq!(node.call(&ListInvitations {}).invitations.len(), 1);
    node.call(&AcceptContact { who, name: None });
    assert_eq!(node.received(), ["it is me", "are you there?"]);
    friend.stop();
    other.stop();
}

/// Nobody but the invited, so that what counts shows in the answer. What does not count is answered as if there were no
/// invitation.
#[test]
fn once_is_once_and_what_has_ended_or_was_taken_back_is_as_nothing() {
    let mut node = node("0");
    let mut peers: Vec<Peer> = (10..20).map(Peer::new).collect();
    let full = Some(FailReason::QuotaExceeded);
    let (once, name) = invitation(&node, None);
    assert_eq!(ask(&node, &mut peers[0], 1, None), full);
    assert_eq!(ask(&node, &mut peers[0], 2, Some(&Invitation::from_bytes([1; 16]))), full, "nobody gave it away");
    assert_eq!(ask(&node, &mut peers[0], 3, Some(&once)), None);
    assert_eq!(ask(&node, &mut peers[1], 1, Some(&once)), full);
    node.stop();
    node.start_listening();
    assert_eq!(ask(&node, &mut peers[1], 2, Some(&once)), full, "nor after a restart");
    assert_eq!(ask(&node, &mut peers[0], 4, Some(&once)), None, "it is theirs");
    assert_eq!(users(&node, &name), [peers[0].id()]);

    // Any number, until it is taken back; who has come by it waits on, as a stranger.
    let (many, name) = invitation(&node, Some(3_600_000));
    for peer in &mut peers[2..5] {
        assert_eq!(ask(&node, peer, 1, Some(&many)), None);
    }
    let waiting: Vec<NodeId> = peers[2..5].iter().map(Peer::id).collect();
    let mut found = users(&node, &name);
    found.sort_by_key(|id| waiting.iter().position(|other| other == id));
    assert_eq!(found, waiting);
    assert_eq!(node.call(&RemoveInvitation { name: name.clone() }).waiting, 3);
    let again = node.ask(&RemoveInvitation { name: name.clone() }).expect_err("it is gone");
    assert!(again.contains("NotFound") && again.contains("`bitpie invite list`"), "{again}");
    assert_eq!(waits_by(&node, waiting[0]), None);
    assert_eq!(ask(&node, &mut peers[5], 1, Some(&many)), full);

    let (short, name) = invitation(&node, Some(1_000));
    let counts = |node: &Node| node.call(&ListInvitations {}).invitations.iter().any(|it| it.name == name);
    node.until("it ends", |node| !counts(node));
    assert_eq!(ask(&node, &mut peers[6], 1, Some(&short)), full);
    for for_ms in [0, 999, 366 * 86_400_000 + 1, u64::MAX] {
        let error = node.ask(&NewInvitation { for_ms: Some(for_ms) }).expect_err("no such time");
        assert!(error.contains("BadValue"), "{error}");
    }
    // An invited stranger can be refused as any other.
    let first = peers[0].id();
    node.output(&["contact", "refuse", &first.to_string()]);
    assert_eq!(node.contact(first).expect("kept").state, ContactState::Refused);
}

#[test]
fn an_address_with_a_spoilt_invitation_makes_nobody_a_contact() {
    let mut node = Node::started();
    let mut other = Node::new();
    let idurl = format!("{}&invite=yyyyyyyyyyyyyyyyyyyyyyyyyb", other.idurl());
    let error = node.ask(&AddContact { idurl: Hidden(idurl.clone()), name: None, found_as: None }).expect_err("spoilt");
    assert!(error.contains("BadValue") && error.contains("copy the whole address again"), "{error}");
    assert!(!error.contains("yyyyyyyyyyyyyyyyyyyyyyyyyb"), "{error}");
    assert!(node.contact(other.id()).is_none());
    let (code, said) = node.complaint(&["contact", "add", &idurl]);
    assert!(code == Some(1) && said.contains("no good invitation"), "{said}");
    node.stop();
    assert_eq!(node.complaint(&["id", "--invite"]).0, Some(3), "an invitation is made by the node that takes it");
}
