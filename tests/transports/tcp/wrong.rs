//! Peers that break the rules, at each layer: the session is closed, and the reason says which rule it was.

use std::net::SocketAddr;
use std::time::Duration;

use bitpie::identity::NodeId;
use bitpie::transports::Limits;
use bitpie::transports::Transport as _;
use bitpie::transports::{CloseReason, TransportEvent};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::raw::now_unix_ms;
use super::raw::{
    DATA, ENDS, GO_AWAY, OPENS, PING, RawHandshake, RawSession, WINDOW_UPDATE, frame, yamux, yamux_header,
};
use super::sides::{Side, key, localhost, wide};

/// How the next session ends; its streams are opened as soon as they can be.
async fn ending(here: &mut Side) -> (CloseReason, String) {
    let transport = here.transport.clone();
    here.until(|event| match event {
        TransportEvent::Authenticated { session, .. } => {
            transport.open_stream(session);
            None
        }
        TransportEvent::Closed { reason, detail, .. } => Some((reason, detail)),
        _ => None,
    })
    .await
}

async fn assert_ends(here: &mut Side, expected: CloseReason, what: &str, words: &str) {
    let (reason, detail) = ending(here).await;
    assert_eq!(reason, expected, "{what}: {detail}");
    assert!(detail.contains(words), "{what}: {detail}");
    assert_eq!(here.transport.session_counts(), Default::default(), "{what}");
}

#[tokio::test]
async fn bytes_that_are_no_handshake() {
    let mut here = Side::new(1, wide());
    let address = here.listen().await;
    let cases: [(&[u8], &str); 6] = [
        (b"GET / HTTP/1.1\r\n\r\n", "message 1 of the handshake announces 18245 bytes"),
        (&[0xff; 64], "announces 65535 bytes"),
        (&[0, 0], "message 1 of the handshake has 0 bytes, and should have 48"),
        (&[0, 33, 0], "message 1 of the handshake has 33 bytes"),
        (&[[0, 48].as_slice(), &[7; 48]].concat(), "message 1 of the handshake is not authentic"),
        (&[4, 1], "announces 1025 bytes"),
    ];
    for (bytes, words) in cases {
        let mut socket = TcpStream::connect(address).await.expect("somebody listens");
        socket.write_all(bytes).await.expect("the socket takes it");
        assert_ends(&mut here, CloseReason::BadHandshake, words, words).await;
    }
}

#[tokio::test]
async fn a_handshake_that_proves_nothing() {
    let mut here = Side::new(1, wide());
    let address = here.listen().await;
    // Damaged in any place.
    for at in [2, 40, 60, 177] {
        let mut handshake = started(address).await;
        let payload = handshake.payload.clone();
        let mut third = handshake.message(&payload);
        third[at] ^= 1;
        handshake.write(&third).await;
        assert_ends(&mut here, CloseReason::BadHandshake, "damaged", "message 3 of the handshake is not authentic")
            .await;
    }
    // Somebody else's id, another time, or somebody else's signature.
    for at in [0, 39, 47, 48, 111] {
        let mut handshake = started(address).await;
        handshake.payload[at] ^= 1;
        handshake.third().await;
        assert_ends(&mut here, CloseReason::BadHandshake, "forged", "the session key is not signed by").await;
    }
    // The proof of another session key of the same identity: what somebody who has listened could have kept.
    let kept = RawHandshake::connect(address, &key(9), &key(1).id()).await.payload.clone();
    assert_eq!(ending(&mut here).await.0, CloseReason::Remote);
    let mut handshake = started(address).await;
    handshake.payload = kept;
    handshake.third().await;
    assert_ends(&mut here, CloseReason::BadHandshake, "kept", "the session key is not signed by").await;
    // More or less payload than there should be.
    for bytes in [0, 111, 113, 200] {
        let mut handshake = started(address).await;
        handshake.payload.resize(bytes, 0);
        handshake.third().await;
        assert_ends(&mut here, CloseReason::BadHandshake, "payload", "message 3 of the handshake has").await;
    }
}

async fn started(address: SocketAddr) -> RawHandshake {
    let mut handshake = RawHandshake::connect(address, &key(9), &key(1).id()).await;
    handshake.first().await;
    handshake.read().await;
    handshake
}

#[tokio::test]
async fn a_handshake_that_was_recorded_is_refused() {
    let mut here = Side::new(1, wide());
    let address = here.listen().await;
    let mut honest = RawHandshake::connect(address, &key(9), &key(1).id()).await;
    let first = honest.first().await;
    honest.read().await;
    let payload = honest.payload.clone();
    let third = honest.message(&payload);
    honest.write(&third).await;
    let mut honest = honest.finish();
    let (number, ..) = here.authenticated().await;
    here.transport.open_stream(number);
    let said = honest.message(&yamux(DATA, OPENS, 1, &frame(b"once")));
    honest.write_raw(&said).await;
    assert_eq!(here.frame().await, b"once");
    let mut socket = TcpStream::connect(address).await.expect("somebody listens");
    for bytes in [&first, &third, &said] {
        socket.write_all(bytes).await.expect("the socket takes it");
    }
    let (_, reason, detail) = here.closed().await;
    assert_eq!(reason, CloseReason::BadHandshake);
    assert!(detail.contains("message 1 of the handshake was sent before"), "{detail}");
    // Not a byte comes back, so nobody learns by it whether the node is still there.
    let mut heard = Vec::new();
    let _ = socket.read_to_end(&mut heard).await;
    assert_eq!(heard, [0_u8; 0]);
    // What was said in the session itself cannot be said again either.
    honest.write_raw(&said).await;
    assert_ends(&mut here, CloseReason::Spoilt, "again", "is not authentic: it was damaged, repeated, or left out")
        .await;
}

/// What somebody who does not know whose address it is can send, and what they learn by it: nothing.
#[tokio::test]
async fn a_scanner_hears_not_a_byte() {
    let mut here = Side::new(1, wide());
    let address = here.listen().await;
    let scanner = async |bytes: &[u8]| {
        let mut socket = TcpStream::connect(address).await.expect("somebody listens");
        socket.write_all(bytes).await.expect("the socket takes it");
        let mut heard = Vec::new();
        let _ = socket.read_to_end(&mut heard).await;
        assert_eq!(heard, [0_u8; 0]);
    };
    for called in [key(2).id(), key(9).id(), NodeId::from_bytes([0; 32])] {
        let mut handshake = RawHandshake::connect(address, &key(9), &called).await;
        scanner(&handshake.message(&[])).await;
    }
    // The handshake of before, without the key.
    let plain = snow::Builder::new("Noise_XX_25519_ChaChaPoly_BLAKE2s".parse().expect("a pattern"));
    let mut plain = plain
        .prologue(b"bitpie")
        .and_then(|builder| builder.local_private_key(&[5; 32]))
        .expect("a builder")
        .build_initiator()
        .expect("well-formed");
    let mut message = [0; 64];
    let length = plain.write_message(&[], &mut message[2..]).expect("a message");
    message[1] = u8::try_from(length).expect("short");
    scanner(&message[..2 + length]).await;
    message[1] = 48;
    scanner(&message[..50]).await;
    assert!(here.transport.session_counts().half_open <= 8);
}

/// A session key that somebody has stolen, some days later.
#[tokio::test]
async fn a_session_key_of_another_time_proves_nothing() {
    let mut here = Side::new(1, wide());
    let address = here.listen().await;
    const DAY: u64 = 86_400_000;
    for (made_unix_ms, is_taken) in
        [(now_unix_ms() - DAY, true), (now_unix_ms() - 3 * DAY, false), (now_unix_ms() + 3 * DAY, false), (0, false)]
    {
        let handshake = RawHandshake::at(address, &key(9), &key(1).id(), made_unix_ms).await;
        let session = handshake.complete().await;
        if is_taken {
            here.authenticated().await;
            drop(session);
        } else {
            let (_, reason, detail) = here.closed().await;
            assert_eq!(reason, CloseReason::BadHandshake, "{detail}");
            assert!(detail.contains("one of the two clocks is wrong, or somebody uses an old key"), "{detail}");
        }
    }
}

#[tokio::test]
async fn a_responder_that_lies() {
    let mut here = Side::new(1, wide());
    let listener = tokio::net::TcpListener::bind(localhost()).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    for (session, at, words) in [(2, 0, "is not signed by"), (4, 49, "is not signed by")] {
        let there = async {
            let (socket, _) = listener.accept().await.expect("a connection");
            let mut handshake = RawHandshake::new(socket, &key(9), &key(9).id(), false);
            handshake.read().await;
            let mut payload = handshake.payload.clone();
            payload[at] ^= 1;
            let second = handshake.message(&payload);
            handshake.write(&second).await;
            handshake
        };
        let (_handshake, ()) = tokio::join!(there, here.dial(session, address, key(9).id()));
        assert_ends(&mut here, CloseReason::BadHandshake, "a lie", words).await;
    }
}

#[tokio::test]
async fn messages_that_are_not_authentic() {
    let mut here = Side::new(1, wide());
    let address = here.listen().await;

    let mut session = RawSession::connect(address, &key(9), &key(1).id()).await;
    session.write_raw(&[0, 15]).await;
    assert_ends(&mut here, CloseReason::Spoilt, "short", "a message of 15 bytes is too short").await;

    let mut session = RawSession::connect(address, &key(9), &key(1).id()).await;
    let mut message = session.message(&yamux(DATA, OPENS, 1, &frame(&[1])));
    *message.last_mut().expect("it is not empty") ^= 1;
    session.write_raw(&message).await;
    assert_ends(&mut here, CloseReason::Spoilt, "damaged", "message 0 is not authentic").await;

    let mut session = RawSession::connect(address, &key(9), &key(1).id()).await;
    session.open(&frame(&[1])).await;
    session.message(b"this one is left out");
    session.write(&yamux(DATA, 0, 1, &frame(&[2]))).await;
    assert_ends(&mut here, CloseReason::Spoilt, "left out", "message 1 is not authentic").await;

    let mut session = RawSession::connect(address, &key(9), &key(1).id()).await;
    session.write_raw(&[0xa5; 70_000]).await;
    assert_ends(&mut here, CloseReason::Spoilt, "noise", "message 0 is not authentic").await;
}

#[tokio::test]
async fn frames_of_yamux_that_must_not_be() {
    let mut here = Side::new(1, wide());
    let address = here.listen().await;
    let of_version_1 = {
        let mut header = yamux_header(DATA, OPENS, 1, 0);
        header[0] = 1;
        header
    };
    let streams =
        |count: u32| -> Vec<u8> { (0..count).flat_map(|index| yamux_header(DATA, OPENS, 1 + 2 * index, 0)).collect() };
    let too_much = [yamux_header(DATA, OPENS, 1, 262_145), vec![0; 40_000]].concat();
    let cases: [(&str, Vec<u8>); 8] = [
        ("another version", of_version_1),
        ("an unknown kind", yamux_header(9, 0, 1, 0)),
        ("a body beyond any window", yamux_header(DATA, OPENS, 1, 1_048_577)),
        ("a stream of the wrong side", yamux_header(DATA, OPENS, 2, 0)),
        ("a stream that is there", [yamux_header(DATA, OPENS, 1, 0), yamux_header(DATA, OPENS, 1, 0)].concat()),
        ("an answer to no ping", [yamux_header(DATA, OPENS, 1, 0), yamux_header(PING, 2, 0, 12_345)].concat()),
        ("a window that overflows", {
            let update = yamux_header(WINDOW_UPDATE, 0, 1, u32::MAX);
            [yamux_header(DATA, OPENS, 1, 0), update.clone(), update].concat()
        }),
        ("a complaint", yamux_header(GO_AWAY, 0, 0, 1)),
    ];
    for (what, bytes) in cases {
        let mut session = RawSession::connect(address, &key(9), &key(1).id()).await;
        session.write(&bytes).await;
        // That the peer finds fault with us is no fault of its.
        let expected = if what == "a complaint" { CloseReason::Failed } else { CloseReason::Violation };
        assert_ends(&mut here, expected, what, "yamux").await;
    }
    let mut session = RawSession::connect(address, &key(9), &key(1).id()).await;
    session.write(&too_much).await;
    for _ in 0..6 {
        session.write(&[0; 40_000]).await;
    }
    assert_ends(&mut here, CloseReason::Violation, "more than the window", "yamux").await;
    // Refused streams are forgotten as fast as they come, as long as the peer reads that they were.
    let mut session = RawSession::connect(address, &key(9), &key(1).id()).await;
    session.write(&streams(5_000)).await;
    let (reason, detail) = ending(&mut here).await;
    assert_eq!(reason, CloseReason::Violation, "{detail}");
}

#[tokio::test]
async fn frames_that_must_not_be() {
    let mut here = Side::new(1, wide());
    let address = here.listen().await;
    let cases: [(&[u8], &str); 3] = [
        (&[0, 1, 0, 1], "a frame announces 65537 bytes, and may have 65536"),
        (&[0xff; 4], "a frame announces 4294967295 bytes"),
        (&[0, 0, 0, 0], "a frame is empty"),
    ];
    for (bytes, words) in cases {
        let mut session = RawSession::connect(address, &key(9), &key(1).id()).await;
        session.open(bytes).await;
        assert_ends(&mut here, CloseReason::Violation, words, words).await;
    }
    let mut session = RawSession::connect(address, &key(9), &key(1).id()).await;
    session.write(&yamux(DATA, OPENS | ENDS, 1, &[])).await;
    let (reason, detail) = ending(&mut here).await;
    assert_eq!(reason, CloseReason::Remote, "{detail}");
    assert!(detail.contains("closed the control stream"), "{detail}");
}

#[tokio::test]
async fn noise_at_each_layer_does_no_harm() {
    let mut here = Side::new(1, wide());
    let address = here.listen().await;
    // A generator of its own (xorshift), so that a failure can be had again.
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut noise = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    for round in 0..60 {
        let bytes: Vec<u8> = (0..64).flat_map(|_| noise()).collect();
        let mut session = RawSession::connect(address, &key(9), &key(1).id()).await;
        match round % 3 {
            0 => session.write_raw(&bytes).await,
            1 => session.write(&bytes).await,
            _ => session.open(&bytes).await,
        }
        // Some of it is taken for the beginning of something longer.
        let _ = session.socket.shutdown().await;
        let (reason, detail) = ending(&mut here).await;
        let expected = [CloseReason::Failed, CloseReason::Spoilt, CloseReason::Violation, CloseReason::Remote];
        assert!(expected.contains(&reason), "{detail}");
        assert!(!detail.contains("fault in this program"), "{detail}");
        assert_eq!(here.transport.session_counts(), Default::default());
    }
}

#[tokio::test]
async fn what_takes_too_long_ends() {
    let soon = Duration::from_millis(500);
    let limits = Limits { handshake_timeout: soon, frame_timeout: soon, ..wide() };
    let mut here = Side::new(1, limits);
    let address = here.listen().await;
    for (what, words) in [
        ("silence", "the handshake took longer"),
        ("a slow handshake", "the handshake took longer"),
        ("half a handshake", "the handshake took longer"),
        ("no control stream", "did not open the control stream"),
        ("a part of a message", "was not complete within"),
        ("a part of a frame", "was not complete within"),
    ] {
        let mut handshake = RawHandshake::connect(address, &key(9), &key(1).id()).await;
        let first = handshake.message(&[]);
        // Whatever the test still holds stays open until its end.
        let mut kept = None;
        match what {
            "silence" => {}
            "a slow handshake" => {
                // Each byte comes well before the time is up; all of them together do not.
                let mut pace = tokio::time::interval(soon / 10);
                let writing = async {
                    for byte in first {
                        if handshake.socket.write_all(&[byte]).await.is_err() {
                            break;
                        }
                        pace.tick().await;
                    }
                };
                let (_, (reason, detail)) = tokio::join!(writing, ending(&mut here));
                assert_eq!(reason, CloseReason::TimedOut, "{what}: {detail}");
                assert!(detail.contains(words), "{what}: {detail}");
                continue;
            }
            _ => {
                handshake.write(&first).await;
                handshake.read().await;
                if what != "half a handshake" {
                    let mut session = handshake.third().await;
                    match what {
                        "a part of a message" => {
                            session.open(&frame(&[1])).await;
                            session.write_raw(&[1, 0, 0]).await;
                        }
                        "a part of a frame" => session.open(&[0, 0, 0, 9, 1]).await,
                        _ => {}
                    }
                    kept = Some(session);
                }
            }
        }
        let (reason, detail) = ending(&mut here).await;
        assert_eq!(reason, CloseReason::TimedOut, "{what}: {detail}");
        assert!(detail.contains(words), "{what}: {detail}");
        drop(kept);
    }
}

/// The timer that was set for the control stream was waited for first.
#[tokio::test]
async fn a_message_is_late_though_the_control_stream_had_more_time() {
    let limits =
        Limits { handshake_timeout: Duration::from_secs(600), frame_timeout: Duration::from_millis(500), ..wide() };
    let mut here = Side::new(1, limits);
    let address = here.listen().await;
    let mut session = RawSession::connect(address, &key(9), &key(1).id()).await;
    session.open(&frame(&[1])).await;
    let (number, ..) = here.authenticated().await;
    here.transport.open_stream(number);
    assert_eq!(here.frame().await, [1]);
    session.write_raw(&[1, 0, 0]).await;
    assert_eq!(here.closed().await.1, CloseReason::TimedOut);
}

#[tokio::test]
async fn a_session_that_is_slow_but_goes_on_is_not_late() {
    let soon = Duration::from_millis(500);
    let limits = Limits { handshake_timeout: soon, frame_timeout: soon, ..wide() };
    let mut here = Side::new(1, limits);
    let address = here.listen().await;
    let mut session = RawSession::connect(address, &key(9), &key(1).id()).await;
    session.open(&frame(&[0])).await;
    let (number, ..) = here.authenticated().await;
    here.transport.open_stream(number);
    assert_eq!(here.frame().await, [0]);
    // A part of the next one is always there.
    let mut rest = frame(&[7; 10]).split_off(3);
    session.write(&yamux(DATA, 0, 1, &frame(&[7; 10])[..3])).await;
    let mut pace = tokio::time::interval(soon / 3);
    for _ in 0..8 {
        pace.tick().await;
        rest.extend_from_slice(&frame(&[7; 10])[..3]);
        session.write(&yamux(DATA, 0, 1, &rest)).await;
        rest = frame(&[7; 10]).split_off(3);
        assert_eq!(here.frame().await, [7; 10]);
    }
}

#[tokio::test]
async fn another_node_than_expected_learns_nothing_and_says_nothing() {
    let (mut here, mut there) = (Side::new(1, wide()), Side::new(2, wide()));
    let address = there.listen().await;
    here.dial(2, address, key(3).id()).await;
    let (_, reason, detail) = here.closed().await;
    assert_eq!(reason, CloseReason::Remote);
    assert!(detail.contains(&format!("does not answer as {}", key(3).id())), "{detail}");
    assert!(!detail.contains(&there.id().to_string()), "{detail}");
    let (_, reason, detail) = there.closed().await;
    assert_eq!(reason, CloseReason::BadHandshake, "{detail}");
    assert!(detail.contains("message 1 of the handshake is not authentic"), "{detail}");
}

#[tokio::test]
async fn nobody_there_is_told() {
    let (mut here, mut there) = (Side::new(1, wide()), Side::new(2, wide()));
    let address = there.listen().await;
    there.transport.stop_listening();
    there.until(|event| matches!(event, TransportEvent::ListeningStopped).then_some(())).await;
    here.transport.dial(2, address, there.id());
    let (session, reason, detail) = here.closed().await;
    assert_eq!((session, reason), (2, CloseReason::Failed));
    assert!(detail.contains(&address.to_string()), "{detail}");
}

#[tokio::test]
async fn a_port_that_was_left_is_free_at_once() {
    let (mut here, mut there) = (Side::new(1, wide()), Side::new(2, wide()));
    let address = there.listen().await;
    // A session of the old listener is still there when the port is bound again.
    here.dial(2, address, there.id()).await;
    here.authenticated().await;
    let (there_session, ..) = there.authenticated().await;
    there.transport.stop_listening();
    there.until(|event| matches!(event, TransportEvent::ListeningStopped).then_some(())).await;
    here.transport.listen(address);
    let listening = here.until(|event| match event {
        TransportEvent::Listening { address } => Some(address),
        TransportEvent::ListenFailed { error, .. } => panic!("{error}"),
        _ => None,
    });
    assert_eq!(listening.await, address);
    here.transport.open_stream(2);
    there.transport.open_stream(there_session);
    here.transport.send(2, vec![5]).expect("there is room");
    assert_eq!(there.frame().await, [5], "the session outlives its listener");
    there.transport.stop_listening();
    there.until(|event| matches!(event, TransportEvent::ListeningStopped).then_some(())).await;
}
