//! Sessions that a node carries for two others, over sessions of the transport under test.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bitpie::identity::NodeId;
use bitpie::transports::relay::{Relay, RelayEvent};
use bitpie::transports::tcp::TcpTransport;
use bitpie::transports::{Caller, CloseReason, SessionNumber, SessionNumbers, Transport as _, TransportEvent};
use bitpie::wire::{BulkOpening, CarryRefusal, write_prefixed};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::sides::{DEADLINE, Events, Side, now_unix_ms, wide};

/// Bytes in a second that nobody notices.
const UNLIMITED: u64 = 1 << 30;

/// A node with its direct session and its circuits.
struct Member {
    side: Side,
    /// What the transport of relayed sessions tells.
    carried: Events,
    relay: Relay,
    events: mpsc::Receiver<RelayEvent>,
}

impl Member {
    fn new(seed: u8) -> Self {
        let side = Side::new(seed, wide());
        let (sender, events) = mpsc::channel(256);
        let sessions = TcpTransport::new(&side.key, now_unix_ms, wide(), SessionNumbers::default(), sender);
        let carried = Events(events);
        let (sender, events) = mpsc::channel(256);
        let relay = Relay::new(sessions, sender);
        let (taker, mut incoming) = (relay.clone(), side.transport.incoming_bulk());
        tokio::spawn(async move {
            while let Some(bulk) = incoming.recv().await {
                taker.incoming(bulk);
            }
        });
        Self { side, carried, relay, events }
    }

    /// Somebody calls. What became of earlier calls is passed over.
    async fn called(&mut self) -> (u64, NodeId, SessionNumber, NodeId) {
        loop {
            match self.next().await {
                RelayEvent::Called { circuit, by, session, caller } => return (circuit, by, session, caller),
                RelayEvent::Ended { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    async fn next(&mut self) -> RelayEvent {
        timeout(DEADLINE, self.events.recv()).await.expect("something happens in time").expect("the relay is there")
    }
}

/// A carrier, and two who have a session with it.
struct Three {
    carrier: Member,
    a: Member,
    b: Member,
    /// The carrier's session with the second, and where that is.
    with_b: SessionNumber,
    at: SocketAddr,
}

/// The number of each one's session with the carrier.
const DIRECT: SessionNumber = 2;

/// The number of the session that is carried.
const CARRIED: SessionNumber = 4;

async fn three() -> Three {
    let (mut carrier, mut a, mut b) = (Member::new(9), Member::new(1), Member::new(2));
    let at = carrier.side.listen().await;
    let carrier_id = carrier.side.id();
    let mut sessions = Vec::new();
    for member in [&mut a, &mut b] {
        member.side.dial(DIRECT, at, carrier_id).await;
        member.side.authenticated().await;
        let (session, ..) = carrier.side.authenticated().await;
        member.side.transport.open_stream(DIRECT);
        carrier.side.transport.open_stream(session);
        sessions.push(session);
    }
    Three { carrier, a, b, with_b: sessions[1], at }
}

impl Three {
    fn dial(&self) {
        let stream = self.a.side.transport.open_bulk(DIRECT);
        self.a.relay.dial(CARRIED, stream, self.at, self.b.side.id());
    }

    /// The first asks, and the carrier hears of it.
    async fn asked(&mut self) -> u64 {
        self.dial();
        match self.carrier.next().await {
            RelayEvent::Asked { circuit, by, target, .. } => {
                assert_eq!((by, target), (self.a.side.id(), self.b.side.id()));
                circuit
            }
            other => panic!("{other:?}"),
        }
    }

    /// The carrier asks the second, which takes the session of whom it believes the caller to be.
    async fn carry(&mut self, believed: NodeId, bytes_per_second: u64) -> u64 {
        let circuit = self.asked().await;
        let stream = self.carrier.side.transport.open_bulk(self.with_b);
        self.carrier.relay.offer(circuit, stream, self.a.side.id());
        let (call, through, session, caller) = self.b.called().await;
        assert_eq!((through, session, caller), (self.carrier.side.id(), DIRECT, self.a.side.id()));
        self.b.relay.take(call, Caller { caller: believed, through, remote: self.at });
        match self.carrier.next().await {
            RelayEvent::Taken { circuit: taken } => assert_eq!(taken, circuit),
            other => panic!("{other:?}"),
        }
        self.carrier.relay.join(circuit, bytes_per_second);
        self.a.carried.until(|event| matches!(event, TransportEvent::Connected { .. }).then_some(())).await;
        self.a.relay.sessions().begin_handshake(CARRIED);
        circuit
    }

    /// Until the streams of the carried session are open; the second one's number of it.
    async fn talk(&mut self, bytes_per_second: u64) -> SessionNumber {
        self.carry(self.a.side.id(), bytes_per_second).await;
        let through = self.carrier.side.id();
        let theirs = self.b.carried.until(|event| match event {
            TransportEvent::Accepted { session, through: by, .. } => {
                assert_eq!(by, Some(through));
                Some(session)
            }
            _ => None,
        });
        let theirs = theirs.await;
        let (ours, their_id, ours_hash, _) = self.a.carried.authenticated().await;
        let (accepted, our_id, their_hash, _) = self.b.carried.authenticated().await;
        assert_eq!((ours, their_id), (CARRIED, self.b.side.id()));
        assert_eq!((accepted, our_id), (theirs, self.a.side.id()));
        assert_eq!(ours_hash, their_hash, "nobody in between is a side of the handshake");
        self.a.relay.sessions().open_stream(CARRIED);
        self.b.relay.sessions().open_stream(theirs);
        theirs
    }

    async fn ended(&mut self) -> u64 {
        loop {
            if let RelayEvent::Ended { bytes, .. } = self.carrier.next().await {
                return bytes;
            }
        }
    }
}

#[tokio::test]
async fn frames_and_bulk_data_go_both_ways_and_the_end_is_told() {
    let mut three = three().await;
    let theirs = three.talk(UNLIMITED).await;
    for number in 0..50 {
        three.a.relay.sessions().send(CARRIED, vec![number; 1_000]).expect("there is room");
        assert_eq!(three.b.carried.frame().await, vec![number; 1_000]);
        three.b.relay.sessions().send(theirs, vec![number]).expect("there is room");
        assert_eq!(three.a.carried.frame().await, vec![number]);
    }
    let mut incoming = three.b.relay.sessions().incoming_bulk();
    let mut stream = three.a.relay.sessions().open_bulk(CARRIED).await.expect("a stream");
    let all = vec![7; 3_000_000];
    let send = async {
        stream.write_all(&all).await.expect("it is taken");
        stream.shutdown().await.expect("it ends");
    };
    let receive = async {
        let mut taken = incoming.recv().await.expect("a stream").stream;
        let mut got = Vec::new();
        taken.read_to_end(&mut got).await.expect("it is whole");
        got
    };
    let ((), got) = timeout(DEADLINE, async { tokio::join!(send, receive) }).await.expect("in time");
    assert!(got == all, "{} bytes", got.len());
    three.a.relay.sessions().close(CARRIED, CloseReason::Local, "enough".to_owned());
    assert_eq!(three.b.carried.closed().await.1, CloseReason::Remote);
    assert!(three.ended().await > 3_000_000);
}

#[tokio::test]
async fn what_is_passed_on_keeps_to_its_rate() {
    let mut three = three().await;
    three.talk(100_000).await;
    let mut incoming = three.b.relay.sessions().incoming_bulk();
    let mut stream = three.a.relay.sessions().open_bulk(CARRIED).await.expect("a stream");
    let begun = Instant::now();
    let send = async {
        stream.write_all(&[7; 300_000]).await.expect("it is taken");
        stream.shutdown().await.expect("it ends");
    };
    let receive = async {
        let mut taken = incoming.recv().await.expect("a stream").stream;
        taken.read_to_end(&mut Vec::new()).await.expect("it is whole");
    };
    timeout(DEADLINE, async { tokio::join!(send, receive) }).await.expect("in time");
    let took = begun.elapsed();
    // A second's worth goes at once.
    assert!(took >= Duration::from_millis(1_700) && took < Duration::from_secs(10), "{took:?}");
}

#[tokio::test]
async fn the_called_side_hangs_up_on_another_node_than_the_carrier_has_named() {
    let mut three = three().await;
    let somebody_else = super::sides::key(77).id();
    three.carry(somebody_else, UNLIMITED).await;
    let (_, reason, detail) = three.b.carried.closed().await;
    assert_eq!(reason, CloseReason::UnexpectedId, "{detail}");
    three.a.relay.sessions().open_stream(CARRIED);
    assert!(matches!(three.a.carried.closed().await.1, CloseReason::Remote | CloseReason::Spoilt));
    three.ended().await;
}

#[tokio::test]
async fn a_refusal_is_told_by_its_name() {
    let mut three = three().await;
    for reason in [CarryRefusal::NotOffered, CarryRefusal::NoRoom] {
        let circuit = three.asked().await;
        three.carrier.relay.turn_down(circuit, reason);
        let (_, closed, detail) = three.a.carried.closed().await;
        assert_eq!(closed, CloseReason::Failed);
        assert!(detail.contains(reason.in_words()), "{detail}");
        assert_eq!(three.ended().await, 0);
    }
    // The other side does not want it.
    let circuit = three.asked().await;
    let stream = three.carrier.side.transport.open_bulk(three.with_b);
    three.carrier.relay.offer(circuit, stream, three.a.side.id());
    let (call, ..) = three.b.called().await;
    three.b.relay.turn_down(call, CarryRefusal::NotWanted);
    match three.carrier.next().await {
        RelayEvent::NotTaken { circuit: refused } => assert_eq!(refused, circuit),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn whoever_gives_up_or_is_cut_off_ends_the_circuit_at_every_step() {
    let mut three = three().await;
    // Before it is decided.
    three.asked().await;
    three.a.relay.sessions().close(CARRIED, CloseReason::Local, "too long".to_owned());
    three.a.carried.closed().await;
    three.ended().await;
    // While it is carried, by the carrier.
    let circuit = three.carry(three.a.side.id(), UNLIMITED).await;
    three.a.carried.authenticated().await;
    let (theirs, ..) = three.b.carried.authenticated().await;
    three.a.relay.sessions().open_stream(CARRIED);
    three.b.relay.sessions().open_stream(theirs);
    three.carrier.relay.cut(circuit);
    three.ended().await;
    assert_eq!(three.a.carried.closed().await.1, CloseReason::Remote);
    assert_eq!(three.b.carried.closed().await.1, CloseReason::Remote);
    // While it is carried, by the session with the carrier.
    three.carry(three.a.side.id(), UNLIMITED).await;
    three.a.carried.authenticated().await;
    three.a.relay.sessions().open_stream(CARRIED);
    three.b.side.transport.close(DIRECT, CloseReason::Local, "away".to_owned());
    assert_eq!(three.a.carried.closed().await.1, CloseReason::Remote);
    three.ended().await;
}

#[tokio::test]
async fn streams_that_begin_with_nothing_of_sense_are_cut_off_and_harm_nothing() {
    let mut three = three().await;
    let carry = write_prefixed(&BulkOpening::Carry(three.b.side.id()).encode());
    let beginnings: [&[u8]; 6] = [
        &[0xff, 0xff, 0xff, 0xff, 1, 2, 3],
        &[0, 0, 0, 0],
        &[0, 0, 0, 3, 0x82, 0x18, 77],
        &write_prefixed(&BulkOpening::Unknown(77).encode()),
        &[0, 0, 0, 2, 0xa0, 0xa0],
        &[0, 0, 0, 129],
    ];
    for beginning in beginnings {
        let mut stream = three.a.side.transport.open_bulk(DIRECT).await.expect("a stream");
        stream.write_all(beginning).await.expect("it is taken");
        let read = timeout(DEADLINE, stream.read_u8()).await.expect("it ends in time");
        assert!(read.is_err(), "{beginning:02x?}: {read:?}");
    }
    // Whoever speaks before it has an answer is heard no more.
    let mut hasty = three.a.side.transport.open_bulk(DIRECT).await.expect("a stream");
    hasty.write_all(&[&carry[..], b"hello"].concat()).await.expect("it is taken");
    assert!(matches!(three.carrier.next().await, RelayEvent::Asked { .. }));
    assert!(matches!(three.carrier.next().await, RelayEvent::Ended { bytes: 0, .. }));
    assert!(timeout(DEADLINE, hasty.read_u8()).await.expect("it ends in time").is_err());
    // One half of the first words, and then nothing: others go by meanwhile.
    let mut slow = three.a.side.transport.open_bulk(DIRECT).await.expect("a stream");
    slow.write_all(&carry[..20]).await.expect("it is taken");
    let theirs = three.talk(UNLIMITED).await;
    three.b.relay.sessions().send(theirs, b"well".to_vec()).expect("there is room");
    assert_eq!(three.a.carried.frame().await, b"well");
    let read = timeout(DEADLINE, slow.read_u8()).await.expect("it is not waited for");
    assert!(read.is_err());
}

/// Streams of which nobody says what they are for are few in each session, and take nothing from others.
#[tokio::test]
async fn whoever_opens_streams_and_says_nothing_keeps_nobody_else_out() {
    let mut three = three().await;
    let carry = write_prefixed(&BulkOpening::Carry(three.a.side.id()).encode());
    let mut silent = Vec::new();
    for _ in 0..4 {
        let mut stream = three.a.side.transport.open_bulk(DIRECT).await.expect("a stream");
        stream.write_all(&carry[..5]).await.expect("it is taken");
        silent.push(stream);
    }
    let mut fifth = three.a.side.transport.open_bulk(DIRECT).await.expect("a stream");
    let _ = fifth.write_all(&carry).await;
    assert!(timeout(DEADLINE, fifth.read_u8()).await.expect("it ends in time").is_err());
    let mut other = three.b.side.transport.open_bulk(DIRECT).await.expect("a stream");
    other.write_all(&carry).await.expect("it is taken");
    match three.carrier.next().await {
        RelayEvent::Asked { by, target, .. } => assert_eq!((by, target), (three.b.side.id(), three.a.side.id())),
        event => panic!("{event:?}"),
    }
    // Once it is known what they are for, there is room for others.
    let first = silent.first_mut().expect("there are four");
    first.write_all(&carry[5..]).await.expect("it is taken");
    assert!(matches!(three.carrier.next().await, RelayEvent::Asked { .. }));
    let mut sixth = three.a.side.transport.open_bulk(DIRECT).await.expect("a stream");
    sixth.write_all(&carry).await.expect("it is taken");
    assert!(matches!(three.carrier.next().await, RelayEvent::Asked { .. }));
}
