//! Strangers who say as much as they can: the node's memory and its trace stay small, and a friend notices little.

use std::fs;
use std::time::{Duration, Instant};

use automata_compiler::trace::Ending;
use automata_runtime::Record;
use automata_runtime::trace::LeftOutLine;
use bitpie::api::methods::PingContact;
use bitpie::codec::encode;
use bitpie::identity::{Domain, NodeId, Signed};
use bitpie::wire::{Frame, Packet, PacketId, PacketKind};

use super::peer::{Peer, now_unix_ms};
use super::refusals::Friends;
use super::replays::{replayed_alone, traces};

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
    let mut friends = Friends::new(&[("sessions/inbound-per-address", "1000")]);
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

/// Strangers who use up what is theirs of the trace: their first frames are dealt with at once.
const TRACE_FILLERS: u8 = 12;

/// What a group of addresses may write into the trace at once, and in a second (`docs/TRACES.md`).
const TRACE_OF_A_GROUP_BYTES: u64 = 256 * 1_024;
const TRACE_OF_A_GROUP_PER_SECOND: u64 = 4 * 1_024;

/// What a line says of one session, at most.
const SESSION_LEFT_OUT_BYTES: u64 = 600;

#[test]
fn who_floods_is_left_out_of_the_trace_and_a_friend_is_not() {
    // A file ends while something is being left out.
    let small = ("traces/file-size", "\"64KiB\"");
    let mut friends = Friends::new(&[("sessions/inbound-per-address", "1000"), small]);
    friends.are_undisturbed("nobody");
    let begun = Instant::now();
    let fillers = 150..150 + TRACE_FILLERS;
    let join = |seed| {
        let mut peer = Peer::new(seed);
        let session = peer.join(&friends.node);
        (peer, session)
    };
    let mut strangers: Vec<_> = fillers.map(join).collect();
    std::thread::scope(|scope| {
        let flood = |(peer, session): &mut (Peer, super::peer::Session)| {
            peer.flood(*session, &CASES[0].1(peer, session.with), 5 * FLOOD)
        };
        let floods: Vec<_> = strangers.iter_mut().map(|it| scope.spawn(move || flood(it))).collect();
        while floods.iter().any(|flood| !flood.is_finished()) {
            friends.are_undisturbed("a flood");
        }
    });
    strangers.into_iter().for_each(|(mut peer, session)| peer.close(session));
    friends.node.stop();
    let traces = traces(friends.node.home());
    let seconds = begun.elapsed().as_secs() + 1;

    let friend = format!("[{}]", friends.session[0]);
    let is_of_stranger = |instance: &str| {
        let session = instance.strip_prefix("peer_protocol").or_else(|| instance.strip_prefix("tcp_connection"));
        session.is_some_and(|session| session != friend)
    };
    let mut next = 0;
    for trace in &traces {
        let (opening, summary) = replayed_alone(trace);
        assert_eq!(opening.snapshot.sequence, next, "{}", trace.display());
        assert_eq!((summary.ending, summary.parting), (Some(Ending::Ended), None), "{}", trace.display());
        next += summary.verified + summary.left_out;
    }
    let text: String = traces.iter().map(|trace| fs::read_to_string(trace).expect("a trace can be read")).collect();
    let (mut deliveries, mut missing, mut lines, mut of_strangers, mut of_lines) = (0, 0, 0, 0, 0);
    let (mut packets, mut acknowledged) = (0, 0);
    for line in text.lines() {
        if let Ok(record) = serde_json::from_str::<Record>(line) {
            deliveries += 1;
            of_strangers += if is_of_stranger(&record.instance) { line.len() as u64 } else { 0 };
            packets += usize::from(record.instance.ends_with(&friend) && record.event == "packet_received");
            acknowledged += usize::from(record.event == "acknowledged");
        } else if let Ok(LeftOutLine { left_out }) = serde_json::from_str(line) {
            lines += 1;
            missing += left_out.deliveries;
            of_lines += line.len() as u64;
            assert_eq!(left_out.source, "127.0.0.0/24");
            let labels = left_out.instances.into_iter().map(|of| of.instance).chain(left_out.gone);
            let of_friend = ["contact_status", "message_delivery", "peer_link"];
            for label in labels {
                assert!(!label.ends_with(&friend), "{label} of the friend");
                assert!(!of_friend.iter().any(|name| label.starts_with(name)), "{label} of the friend");
            }
        }
    }
    println!("{deliveries} deliveries, {missing} left out in {lines} lines; {of_strangers} and {of_lines} bytes");
    assert!(missing > 100, "{missing}");
    assert!(of_strangers < TRACE_OF_A_GROUP_BYTES + TRACE_OF_A_GROUP_PER_SECOND * seconds, "{of_strangers}");
    assert!(of_lines < lines * u64::from(TRACE_FILLERS) * SESSION_LEFT_OUT_BYTES, "{of_lines}");
    // In each round a message came from the friend, and the friend has acknowledged one.
    assert!(packets >= 2 * friends.rounds, "{packets} packets");
    assert_eq!(acknowledged, friends.rounds);
    assert_eq!(next, deliveries + missing);
    assert!(traces.len() > 2, "{} files", traces.len());
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
