//! Strangers who say as much as they can: the node's memory and its trace stay small, and a friend notices little.

use std::time::{Duration, Instant};

use bitpie::api::methods::PingContact;
use bitpie::codec::encode;
use bitpie::identity::{Domain, NodeId, Signed};
use bitpie::wire::{Frame, Packet, PacketId, PacketKind};

use super::peer::{Peer, now_unix_ms};
use super::refusals::Friends;

/// How long each kind is said.
const FLOOD: Duration = Duration::from_millis(1_000);

/// Strangers who do it at the same time.
const STRANGERS: u8 = 4;

/// What the node's memory may grow by while its store stands still: 64 frames of each stranger wait, and the allocator
/// keeps some of what was used.
const GROWTH_BYTES: u64 = 8 * 1_024 * 1_024;

fn packets(peer: &Peer, node: NodeId, kind: PacketKind, is_answer: bool, payload: &[u8]) -> Vec<Frame> {
    let packet = |number: u8| {
        let packet = Packet {
            kind,
            id: PacketId([number; 16]),
            sender: peer.id(),
            recipient: node,
            time_unix_ms: now_unix_ms(),
            answers: is_answer.then_some(PacketId([number; 16])),
            payload: payload.to_vec(),
        };
        Frame::Packet(Signed::sign(&peer.key, Domain::Packet, &encode(&packet)).as_bytes().to_vec())
    };
    (0..100).map(packet).collect()
}

/// What is said: in words, and made for a peer and a node.
type Case = (&'static str, fn(&Peer, NodeId) -> Vec<Frame>);

const CASES: [Case; 10] = [
    ("PING", |_, _| (0..100).map(Frame::Ping).collect()),
    ("PONG", |_, _| (0..100).map(Frame::Pong).collect()),
    ("GET-PEERS", |_, _| vec![Frame::GetPeers]),
    ("a frame of a later version", |_, _| vec![Frame::Unknown(77)]),
    ("Ack", |peer, node| packets(peer, node, PacketKind::Ack, true, &[])),
    ("Read", |peer, node| packets(peer, node, PacketKind::Read, true, &[])),
    ("Identity", |peer, node| {
        let documents = (0..100).map(|number| peer.document(now_unix_ms() + number));
        let packet = |bytes: Vec<u8>| packets(peer, node, PacketKind::Identity, false, &bytes).swap_remove(0);
        documents.map(|document| packet(document.as_bytes().to_vec())).collect()
    }),
    ("a sealed message that is none", |peer, node| packets(peer, node, PacketKind::Message, false, &[7; 20_000])),
    ("Ratings", |peer, node| packets(peer, node, PacketKind::Ratings, false, &[1; 100])),
    ("a packet of a later version", |peer, node| packets(peer, node, PacketKind::Other, false, &[1; 40_000])),
];

#[test]
fn whatever_strangers_say_memory_stays_small_while_the_store_stands_still() {
    // What was said before is still being read when they have gone.
    let mut friends = Friends::new(&[("services/tcp-connections/inbound-per-address", "1000")]);
    friends.are_undisturbed("nobody");
    for (index, (what, frames)) in (0_u8..).zip(CASES) {
        let node = &friends.node;
        let mut strangers: Vec<_> = (0..STRANGERS)
            .map(|number| {
                let mut peer = Peer::new(100 + index * STRANGERS + number);
                let session = peer.join(node);
                let frames = frames(&peer, session.with);
                (peer, session, frames)
            })
            .collect();
        let before = node.resident_bytes();
        let held = node.hold_store();
        let said: u64 = std::thread::scope(|scope| {
            let flood = |(peer, session, frames): &mut (Peer, super::peer::Session, Vec<Frame>)| {
                peer.flood(*session, frames, FLOOD)
            };
            let floods: Vec<_> = strangers.iter_mut().map(|it| scope.spawn(move || flood(it))).collect();
            floods.into_iter().map(|flood| flood.join().expect("it floods")).sum()
        });
        let after = node.resident_bytes();
        drop(held);
        let growth = before.zip(after).map(|(before, after)| after.saturating_sub(before));
        println!("{what}: {said} frames, {growth:?} bytes");
        assert!(growth.is_none_or(|growth| growth < GROWTH_BYTES), "{what}: {said} frames, {growth:?} bytes");
        for (mut peer, session, _) in strangers {
            peer.close(session);
        }
        friends.are_undisturbed(what);
    }
}

#[test]
fn a_flood_fills_no_trace_and_a_friend_is_answered() {
    let mut friends = Friends::new(&[]);
    friends.are_undisturbed("nobody");
    for (seed, (what, frames)) in (200_u8..).zip([CASES[0], CASES[2], CASES[3], CASES[5]]) {
        let mut peer = Peer::new(seed);
        let session = peer.join(&friends.node);
        let frames = frames(&peer, session.with);
        let before = friends.node.trace_bytes();
        let said = peer.flood(session, &frames, 2 * FLOOD);
        let written = friends.node.trace_bytes() - before;
        let flood = std::thread::spawn(move || (peer.flood(session, &frames, FLOOD), peer));
        let mut slowest = Duration::ZERO;
        while !flood.is_finished() {
            let asked = Instant::now();
            assert!(friends.node.call(&PingContact { who: "friend".into() }).online);
            slowest = slowest.max(asked.elapsed());
        }
        let (_, mut peer) = flood.join().expect("it floods");
        println!("{what}: {said} frames, {written} bytes of trace, a friend waits {slowest:?} at most");
        assert!(written < 400_000, "{what}: {said} frames, {written} bytes of trace");
        assert!(slowest < Duration::from_secs(2), "{what}: {slowest:?}");
        peer.close(session);
        friends.are_undisturbed(what);
    }
}

#[test]
fn whoever_floods_and_goes_is_not_listened_to_for_long() {
    let friends = Friends::new(&[]);
    let sessions = |node: &super::nodes::Node| node.status().sessions.incoming + node.status().sessions.half_open;
    for seed in 230..236 {
        let mut peer = Peer::new(seed);
        let session = peer.join(&friends.node);
        peer.flood(session, &CASES[0].1(&peer, session.with), FLOOD / 4);
        drop(peer);
    }
    // What they have said would last for a long time.
    friends.node.until("nothing of them is left", |node| sessions(node) == 0);
}
