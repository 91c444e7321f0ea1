//! Peers that break the protocol: the session ends, it is counted, and whoever goes on with it is not heard any more.

use bitpie::wire::{Frame, PacketKind, Refusal};

use super::nodes::Node;
use super::peer::{Peer, now_unix_ms};
use super::refusals::Friends;

#[test]
fn what_is_not_as_the_protocol_has_it_ends_the_session() {
    let mut friends = Friends::new(&[]);
    let node_id = friends.node.id();
    let somebody = Peer::new(99);

    // In a session that is ready. A peer of its own for each, since all of it is remembered.
    let mut seed = 30;
    let mut ready = |friends: &mut Friends, what: &str, said: &dyn Fn(&Peer) -> Vec<u8>| {
        seed += 1;
        let mut peer = Peer::new(seed);
        friends.refuse(what, Refusal::Violation, |node| {
            let session = peer.join(node);
            peer.say_bytes(session, said(&peer));
            peer.refusal(session)
        });
    };
    ready(&mut friends, "garbage", &|_| vec![0xff; 40]);
    ready(&mut friends, "a frame with something behind it", &|_| [Frame::Ping(1).encode(), vec![0]].concat());
    ready(&mut friends, "a second HELLO", &|peer| Frame::Hello(peer.hello()).encode());
    ready(&mut friends, "a second READY", &|_| Frame::Ready.encode());
    ready(&mut friends, "a packet that is signed by somebody else", &|peer| {
        somebody.packet(PacketKind::Message, peer.id(), node_id, vec![1; 50]).encode()
    });
    ready(&mut friends, "a packet of somebody else", &|_| {
        somebody.packet(PacketKind::Message, somebody.id(), node_id, vec![1; 50]).encode()
    });
    ready(&mut friends, "a packet for somebody else", &|peer| {
        peer.packet(PacketKind::Message, peer.id(), somebody.id(), vec![1; 50]).encode()
    });
    ready(&mut friends, "an answer to nothing", &|peer| {
        peer.packet(PacketKind::Ack, peer.id(), node_id, Vec::new()).encode()
    });
    ready(&mut friends, "a packet that is none", &|_| Frame::Packet(vec![0x82; 100]).encode());

    // Too early.
    let mut early = Peer::new(60);
    friends.refuse("a packet before HELLO", Refusal::Violation, |node| {
        let session = early.dial(node).expect("a session");
        early.say(session, &early.packet(PacketKind::Message, early.id(), node_id, vec![1; 50]));
        early.refusal(session)
    });
    let mut early = Peer::new(61);
    friends.refuse("a packet before READY", Refusal::Violation, |node| {
        let session = early.dial(node).expect("a session");
        early.introduce(session);
        early.say(session, &early.packet(PacketKind::Message, early.id(), node_id, vec![1; 50]));
        early.refusal(session)
    });
    let mut early = Peer::new(62);
    friends.refuse("PEER-ID before HELLO", Refusal::Violation, |node| {
        let session = early.dial(node).expect("a session");
        early.say(session, &early.peer_id(session, &early.document(now_unix_ms())));
        early.refusal(session)
    });
    assert_eq!(friends.node.status().contacts.requests, 0, "nothing of all that has come through");
}

#[test]
fn a_frame_that_is_too_long_ends_the_session_and_is_counted() {
    let mut friends = Friends::new(&[]);
    let mut peer = Peer::new(70);
    let session = peer.join(&friends.node);
    peer.say_bytes(session, vec![0; 100_000]);
    peer.until_closed(session);
    friends.node.until("it is counted", |node| node.refusals("violation") == 1);
    friends.are_undisturbed("a frame of 100 000 bytes");
}

#[test]
fn what_a_later_version_may_say_is_passed_over() {
    let friends = Friends::new(&[]);
    let mut peer = Peer::new(71);
    let session = peer.join(&friends.node);
    peer.say(session, &Frame::Unknown(77));
    let later = peer.packet(PacketKind::Other, peer.id(), session.with, Vec::new());
    peer.say(session, &later);
    // It is told that nobody knows such packets, and the session goes on.
    peer.hear_until(session, |frame| matches!(frame, Frame::Packet(_)).then_some(()));
    peer.say(session, &Frame::Ping(5));
    peer.hear_until(session, |frame| (*frame == Frame::Pong(5)).then_some(()));
}

#[test]
fn whoever_goes_on_misbehaving_is_not_heard_any_more_and_a_restart_forgives_nothing() {
    let mut friends = Friends::new(&[]);
    let mut peer = Peer::new(80);
    for number in 0..5 {
        friends.refuse(&format!("garbage {number}"), Refusal::Violation, |node| {
            let session = peer.join(node);
            peer.say_bytes(session, vec![0xff; 40]);
            peer.refusal(session)
        });
    }
    let knock = |peer: &mut Peer, node: &Node| {
        let session = peer.dial(node).expect("a session");
        peer.introduce(session);
        peer.refusal(session)
    };
    friends.refuse("the same peer again", Refusal::Misbehaved, |node| knock(&mut peer, node));
    // Somebody else from the same address has nothing to do with it.
    Peer::new(81).join(&friends.node);

    for is_killed in [false, true] {
        if is_killed {
            friends.node.kill()
        } else {
            friends.node.stop()
        }
        friends.node.start_listening();
        assert_eq!(knock(&mut peer, &friends.node), Refusal::Misbehaved);
        assert_eq!(friends.node.refusals("misbehaved"), 1);
    }
}
