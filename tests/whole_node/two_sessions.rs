//! Two sessions with one peer become one, and the other is refused as `already_connected`: which of them stays depends
//! on who has opened them, and on whether the older one lives. And sessions that the other side does not want any more.

use bitpie::api::methods::RemoveContact;
use bitpie::wire::{Frame, Refusal};

use super::peer::{Peer, Session, key_with, now_unix_ms};
use super::refusals::Friends;

/// A peer whose id is larger than the node's, or smaller, and that can be called.
fn peer_beside(friends: &mut Friends, is_larger: bool) -> Peer {
    let node = friends.node.id();
    Peer::with_key(key_with(|id| (*id > node) == is_larger))
}

/// The node calls the peer, which hears its HELLO.
fn called(friends: &Friends, peer: &mut Peer) -> Session {
    let address = peer.listen();
    friends.node.add(&format!("bitpie:{}?at=tcp://{address}", peer.id()), "peer");
    let session = peer.accept();
    peer.hear_until(session, |frame| matches!(frame, Frame::Hello(_)).then_some(()));
    session
}

#[test]
fn a_newer_session_of_the_same_opener_takes_the_place_of_the_older_one() {
    let mut friends = Friends::new(&[]);
    let mut peer = Peer::new(100);
    let mut newer = None;
    friends.refuse("the older of two sessions", Refusal::AlreadyConnected, |node| {
        let older = peer.join(node);
        newer = Some(peer.join(node));
        peer.refusal(older)
    });
    peer.assert_alive(newer.expect("it was opened"));
    assert_eq!(friends.node.sessions_with(peer.id()).len(), 1);
}

#[test]
fn of_two_that_call_each_other_the_call_of_the_larger_id_stays() {
    for is_larger in [true, false] {
        let mut friends = Friends::new(&[]);
        let mut peer = peer_beside(&mut friends, is_larger);
        let from_node = called(&friends, &mut peer);
        let mut own = None;
        let what = if is_larger { "the node's call" } else { "the peer's call" };
        friends.refuse(what, Refusal::AlreadyConnected, |node| {
            let session = peer.dial(node).expect("the node takes it");
            own = Some(session);
            // As long as nobody has proved to be there, the node's call counts for nothing.
            // Which of the two is heard first is open, so both show the same document.
            let document = peer.document(now_unix_ms());
            for session in [session, from_node] {
                peer.say(session, &Frame::Hello(peer.hello()));
                peer.say(session, &peer.peer_id(session, &document));
            }
            peer.refusal(if is_larger { from_node } else { session })
        });
        let stays = if is_larger { own.expect("it was opened") } else { from_node };
        peer.make_ready(stays);
        peer.assert_alive(stays);
        assert_eq!(friends.node.sessions_with(peer.id()).len(), 1, "{what}");
        friends.node.call(&RemoveContact { who: "peer".into(), with_messages: false });
    }
}

/// A session key alone proves little: whoever has got hold of one keeps a handshake open for as long as it may last.
#[test]
fn a_session_without_a_proof_does_not_hold_off_the_nodes_own_call() {
    let mut friends = Friends::new(&[]);
    let mut peer = peer_beside(&mut friends, true);
    let unproved = peer.dial(&friends.node).expect("the node takes it");
    peer.say(unproved, &Frame::Hello(peer.hello()));
    peer.hear_until(unproved, |frame| matches!(frame, Frame::Hello(_)).then_some(()));
    let from_node = called(&friends, &mut peer);
    peer.introduce(from_node);
    peer.make_ready(from_node);
    peer.assert_alive(from_node);
}

#[test]
fn an_older_session_of_the_other_opener_stays_if_it_proves_that_it_lives() {
    for lives in [true, false] {
        let mut friends = Friends::new(&[]);
        let mut peer = Peer::new(101);
        let older = called(&friends, &mut peer);
        peer.introduce(older);
        peer.make_ready(older);
        let mut own = None;
        let what = if lives { "the newer session" } else { "the older session, which is dead" };
        friends.refuse(what, Refusal::AlreadyConnected, |node| {
            let newer = peer.dial(node).expect("the node takes it");
            own = Some(newer);
            peer.introduce(newer);
            let asked = peer.hear_until(older, |frame| match frame {
                Frame::Ping(number) => Some(*number),
                _ => None,
            });
            if lives {
                peer.say(older, &Frame::Pong(asked));
            }
            peer.refusal(if lives { newer } else { older })
        });
        let stays = if lives { older } else { own.expect("it was opened") };
        if !lives {
            peer.make_ready(stays);
        }
        peer.assert_alive(stays);
        assert_eq!(friends.node.sessions_with(peer.id()).len(), 1, "{what}");
        friends.node.call(&RemoveContact { who: "peer".into(), with_messages: false });
    }
}

/// No command of this version ends the session with a peer, so it is others that say `requested`; that a node can say
/// it too is a scenario of `peer_protocol`. For `timed_out` see `vanish.rs`.
#[test]
fn a_session_that_the_other_side_does_not_want_is_closed_and_counted() {
    let mut friends = Friends::new(&[]);
    let mut peer = Peer::new(102);
    for is_ready in [false, true] {
        let before = friends.node.refused_by_peers("requested");
        let session = if is_ready {
            peer.join(&friends.node)
        } else {
            let session = peer.dial(&friends.node).expect("the node takes it");
            peer.introduce(session);
            session
        };
        peer.say(session, &Frame::Refused(Refusal::Requested));
        peer.until_closed(session);
        assert_eq!(friends.node.refused_by_peers("requested"), before + 1);
        friends.node.until("nothing is left of it", |node| {
            let sessions = node.status().sessions;
            (sessions.incoming + sessions.outgoing, sessions.half_open) == (1, 0)
        });
        friends.are_undisturbed("a peer that does not want to be here");
    }
    // Tomorrow it may think otherwise.
    let session = peer.join(&friends.node);
    peer.assert_alive(session);
}
