//! Sessions that a node carries for two others: real nodes, of which two have no way to each other.

use bitpie::api::answers::PeerSession;
use bitpie::api::methods::{GetId, ListPeers};

use bitpie::identity::IdentityKey;
use bitpie::wire::{BulkAnswer, BulkOpening, CarryRefusal, Frame};

use super::nodes::{Node, until, until_both_online};
use super::raw::{DATA, OPENS, frame, yamux};
use super::replays::for_nobody;
use super::stranger::{Stage, Stranger};

/// A node that can be called, and carries sessions of others.
fn carrier(settings: &[(&str, &str)]) -> Node {
    let mut node = Node::with(&[&[("services/relay/enabled", "true")], settings].concat());
    node.start_listening();
    node
}

/// A node that nobody can call, and that nobody can meet: it only calls others, over TCP.
fn unreachable() -> Node {
    let mut node = Node::with(&[
        ("services/tcp-transport/enabled", "false"),
        ("services/udp-transport/enabled", "false"),
        ("services/udp-connections/enabled", "false"),
    ]);
    node.start();
    node
}

/// Both know each other and the third.
fn acquaint(a: &Node, b: &Node, carrier: &Node) {
    for node in [a, b] {
        node.add(&carrier.call(&GetId {}).idurl, "carrier");
    }
    a.add(&b.call(&GetId {}).idurl, "b");
    b.add(&a.call(&GetId {}).idurl, "a");
}

fn session(node: &Node, other: &Node) -> Option<PeerSession> {
    let peers = node.call(&ListPeers {}).peers;
    peers.into_iter().find(|peer| peer.id == Some(other.key().id())).and_then(|peer| peer.session)
}

#[test]
fn two_who_cannot_reach_each_other_talk_through_a_node_that_carries() {
    let (carrier, mut a, mut b) = (carrier(&[]), unreachable(), unreachable());
    acquaint(&a, &b, &carrier);
    until_both_online(&mut a, &mut b);
    let seen = session(&a, &b).expect("there is a session");
    assert_eq!((seen.through, seen.transport.as_str()), (Some(carrier.key().id()), "relay"));
    assert_eq!(session(&b, &a).and_then(|seen| seen.through), Some(carrier.key().id()));
    let text = "a word that nobody in between may read";
    for _ in 0..3 {
        let sent = a.send("b", text);
        a.until_delivered(&sent.id);
        let sent = b.send("a", text);
        b.until_delivered(&sent.id);
    }
    assert_eq!((a.received().len(), b.received().len()), (3, 3));
    // Both may have called at once; then one of the two has ended by now, or is about to.
    let status = until("one session is carried", || Some(carrier.status().relay).filter(|status| status.carries == 1));
    assert_eq!(status.state, "ON");
    let ended_before = status.carried;
    // Who carries it is told by name or id, and shown.
    let short: String = carrier.key().id().to_string().chars().take(8).collect();
    assert!(a.output(&["peers"]).contains(&format!("through {short}")), "{}", a.output(&["peers"]));
    assert!(carrier.output(&["status"]).contains("1 session\n"), "{}", carrier.output(&["status"]));
    // Nothing of what was said lies with whoever has carried it.
    for file in carrier.files() {
        let bytes = std::fs::read(&file).unwrap_or_default();
        assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{}", file.display());
    }
    // It is over when the service is, and then it is told how much it was.
    carrier.stop_service("relay");
    until("they are apart", || (!a.is_online(b.key().id()) && !b.is_online(a.key().id())).then_some(()));
    let status = carrier.status().relay;
    assert_eq!((status.carries, status.carried), (0, ended_before + 1));
    assert!(status.carried_bytes > 1_000, "{status:?}");
    let waiting = a.send("b", "later");
    carrier.start_service("relay");
    a.until_delivered(&waiting.id);
    // Of circuits that the core has done with it hears no more.
    b.stop();
    assert_eq!(for_nobody(b.home(), "relay_circuit"), Vec::<String>::new());
}

/// What comes by another session than the one that serves a peer may be over already, and would be counted for ever.
#[test]
fn a_circuit_begins_only_by_a_session_that_is_ready() {
    let mut node = Node::new();
    node.start_listening();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (key, whom) = (IdentityKey::from_seed(&[91; 32]), node.key().id());
        let mut stranger = Stranger::reach(node.address(), &whom, key, Stage::PeerId).await;
        let session = stranger.session();
        let carry = frame(&BulkOpening::Carry(whom).encode());
        session.write(&yamux(DATA, OPENS, 3, &carry)).await;
        session.write(&yamux(DATA, 0, 1, &frame(&Frame::Ready.encode()))).await;
        while session.hear().await.is_some_and(|bytes| Frame::decode(&bytes) != Ok(Frame::GetPeers)) {}
        session.write(&yamux(DATA, OPENS, 5, &carry)).await;
        let mut answers = 0;
        let is_answer = |bytes: &[u8]| {
            let answer = BulkAnswer::decode(bytes);
            Frame::decode(bytes).is_err() && matches!(answer, Ok(BulkAnswer::TurnedDown(CarryRefusal::NotOffered)))
        };
        while answers == 0 {
            let bytes = session.hear().await.expect("the session lasts");
            answers += usize::from(is_answer(&bytes));
        }
        session.write(&yamux(DATA, 0, 1, &frame(&Frame::Ping(7).encode()))).await;
        while let Some(bytes) = session.hear().await
            && Frame::decode(&bytes) != Ok(Frame::Pong(7))
        {
            answers += usize::from(is_answer(&bytes));
        }
        assert_eq!(answers, 1);
    });
}

#[test]
fn a_node_that_does_not_carry_is_not_asked_and_one_that_is_full_refuses() {
    let full = carrier(&[("services/relay/circuits", "2"), ("services/relay/circuits-per-peer", "1")]);
    let (mut a, mut b, c) = (unreachable(), unreachable(), unreachable());
    acquaint(&a, &b, &full);
    until_both_online(&mut a, &mut b);
    // Strangers have half of all places, and that one is taken.
    c.add(&full.call(&GetId {}).idurl, "carrier");
    c.add(&a.call(&GetId {}).idurl, "a");
    a.add(&c.call(&GetId {}).idurl, "c");
    until("it is refused", || {
        let failures = |node: &Node, other: &Node| {
            let peers = node.call(&ListPeers {}).peers;
            peers.into_iter().find(|peer| peer.id == Some(other.key().id())).map_or(0, |peer| peer.failures)
        };
        (failures(&a, &c) + failures(&c, &a) > 0).then_some(())
    });
    assert!(!a.is_online(c.key().id()));
    assert_eq!(full.status().relay.carries, 1);
    assert!(session(&a, &b).is_some());
}

#[test]
fn a_carried_session_becomes_a_direct_one_when_there_is_a_way() {
    let (carrier, mut a, mut b) = (carrier(&[]), unreachable(), unreachable());
    acquaint(&a, &b, &carrier);
    until_both_online(&mut a, &mut b);
    let mut sent = vec![a.send("b", "carried").id];
    // From now on it can be called, and its document says where.
    b.start_service("tcp-transport");
    let mut number = 0;
    until("nobody carries it any more", || {
        number += 1;
        sent.push(a.send("b", &format!("{number}")).id);
        session(&a, &b).filter(|seen| seen.through.is_none() && seen.state == "STEADY")
    });
    sent.iter().for_each(|id| drop(a.until_delivered(id)));
    let expected: Vec<String> =
        std::iter::once("carried".to_owned()).chain((1..=number).map(|it| it.to_string())).collect();
    assert_eq!(b.received(), expected);
    until("it is over", || (carrier.status().relay.carries == 0).then_some(()));
}
