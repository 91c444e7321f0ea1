//! What nodes tell one another: of themselves by their documents, of others by PEERS; and what is made of it.

use bitpie::api::methods::ListPeers;
use bitpie::identity::NodeId;
use bitpie::wire::{Fail, FailReason, Frame, PacketId, PacketKind, PeerHint, Refusal, VerifiedPacket};

use super::nodes::{Node, pair_online};
use super::peer::{Peer, Session, now_unix_ms};
use super::refusals::Friends;

/// The answer to the packets of [`Peer::packet`].
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Ack,
    Fail(FailReason),
}

fn answer(peer: &mut Peer, session: Session) -> Answer {
    peer.hear_until(session, |frame| {
        let Frame::Packet(bytes) = frame else { return None };
        let packet = VerifiedPacket::verify(bytes).expect("nodes say what is in order").packet().clone();
        match (packet.kind, packet.answers) {
            (PacketKind::Ack, Some(PacketId(of))) if of == [9; 16] => Some(Answer::Ack),
            (PacketKind::Fail, Some(PacketId(of))) if of == [9; 16] => {
                Some(Answer::Fail(Fail::decode(&packet.payload).expect("a reason").reason))
            }
            _ => None,
        }
    })
}

#[test]
fn an_identity_document_is_acknowledged_if_it_is_kept_and_refused_if_it_is_not() {
    let mut friends = Friends::new(&[]);
    let node = friends.node.id();
    let mut peer = Peer::new(40);
    let session = peer.join(&friends.node);
    let now = now_unix_ms();
    let newer = peer.document(now + 1_000).as_bytes().to_vec();
    let cases: [(&str, Vec<u8>, Answer); 6] = [
        ("a newer one", newer.clone(), Answer::Ack),
        ("the same again", newer, Answer::Ack),
        ("an older one", peer.document(now - 60_000).as_bytes().to_vec(), Answer::Fail(FailReason::Malformed)),
        ("somebody else's", Peer::new(41).document(now).as_bytes().to_vec(), Answer::Fail(FailReason::Malformed)),
        ("none", vec![0x80; 100], Answer::Fail(FailReason::Malformed)),
        ("nothing", Vec::new(), Answer::Fail(FailReason::Malformed)),
    ];
    for (what, document, expected) in cases {
        peer.say(session, &peer.packet(PacketKind::Identity, peer.id(), node, document));
        assert_eq!(answer(&mut peer, session), expected, "{what}");
    }
    peer.assert_alive(session);
    friends.are_undisturbed("documents of all kinds");
}

#[test]
fn a_node_of_the_settings_is_called_and_tells_of_others() {
    let (mut asked, mut friend) = pair_online();
    let asked_there = format!("[\"{}\"]", asked.idurl());
    let at_asked = ("services/tcp-transport/bootstrap", asked_there.as_str());
    // One that wants to be told of, one that does not, and one that wants to and is a contact.
    let (mut listed, mut unlisted) = (Node::with(&[("listed", "true"), at_asked]), Node::with(&[at_asked]));
    friend.stop();
    friend.set("listed", Some("true"));
    friend.start();
    for node in [&mut listed, &mut unlisted] {
        node.start();
    }
    for node in [&mut listed, &mut unlisted, &mut friend] {
        let id = node.id();
        asked.until("it has met them", |asked| !asked.sessions_with(id).is_empty());
    }

    let mut new = Node::with(&[at_asked]);
    new.start();
    let (listed_id, listed_at) = (listed.id(), listed.address().to_string());
    new.until("it is told of a node that it has never met", |new| knows(new, listed_id).contains(&listed_at));
    assert!(new.sessions_with(listed_id).is_empty(), "nobody calls a node only since somebody has named it");
    assert_eq!(new.sessions_with(asked.id()).len(), 1);
    for node in [&mut unlisted, &mut friend] {
        assert_eq!(knows(&new, node.id()), [""; 0], "nobody is told of who does not want it, or of a contact");
    }
}

/// Addresses at which a node is known to another.
fn knows(node: &Node, id: NodeId) -> Vec<String> {
    let peers = node.call(&ListPeers {}).peers;
    let known = peers.into_iter().filter(|peer| peer.id == Some(id));
    known.flat_map(|peer| peer.entrypoints).map(|at| at.address.to_string()).collect()
}

#[test]
fn peers_are_told_once_and_believed_only_when_asked() {
    let friends = Friends::new(&[]);
    let mut peer = Peer::new(42);
    let session = peer.join(&friends.node);
    for _ in 0..3 {
        peer.say(session, &Frame::GetPeers);
    }
    // Answers come in order: what is heard before the answer to this is all that there is.
    peer.say(session, &Frame::Ping(7));
    let mut told = 0;
    peer.hear_until(session, |frame| {
        told += u32::from(matches!(frame, Frame::Peers(_)));
        (*frame == Frame::Pong(7)).then_some(())
    });
    assert_eq!(told, 1, "whoever goes on asking is not answered");

    let hints = |seed: u8| {
        let named = Peer::new(seed).id();
        let at = "tcp://127.0.0.1:9".parse().expect("an entrypoint");
        (named, Frame::Peers(vec![PeerHint { id: named, entrypoints: vec![at].into() }].into()))
    };
    let (first, answer) = hints(43);
    peer.say(session, &answer);
    peer.assert_alive(session);
    assert_eq!(knows(&friends.node, first), ["127.0.0.1:9"], "what was asked for is believed");

    let (second, unasked) = hints(44);
    peer.say(session, &unasked);
    assert_eq!(peer.refusal(session), Refusal::Violation);
    assert!(knows(&friends.node, second).is_empty());
    assert_eq!(friends.node.status().counters.violations, 1);
}
