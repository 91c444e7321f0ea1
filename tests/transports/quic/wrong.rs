//! Whatever a caller or an answerer over UDP does wrong has an outcome, and nobody else is disturbed.

use std::net::UdpSocket;
use std::time::Duration;

use bitpie::transports::Transport as _;
use bitpie::transports::quic::caller_proof;
use bitpie::transports::{CloseReason, Limits, SessionCounts, TransportEvent};
use quinn::ConnectionError;

use super::raw::{Call, Caller, answerer};
use super::sides::{DEADLINE, SILENCE, Side, key, localhost, now_unix_ms, wide};

const DAY_MS: u64 = 86_400_000;

fn me() -> bitpie::identity::NodeId {
    key(1).id()
}

async fn listening(limits: Limits) -> (Side, std::net::SocketAddr) {
    let mut here = Side::new(1, limits);
    let address = here.listen().await;
    (here, address)
}

/// Somebody honest still gets through.
async fn assert_serves(here: &mut Side, address: std::net::SocketAddr) {
    let mut other = Side::new(7, wide());
    other.dial(2, address, me()).await;
    other.authenticated().await;
    assert_eq!(here.authenticated().await.1, other.id());
}

#[tokio::test]
async fn who_does_not_know_the_id_hears_nothing() {
    let (mut here, address) = listening(wide()).await;
    let honest = Call::honest(&key(9), &me(), 1);
    let of_another = caller_proof(&key(3).id(), [2; 8], now_unix_ms()).to_vec();
    let too_old = caller_proof(&me(), [3; 8], now_unix_ms() - 3 * DAY_MS).to_vec();
    for proof in [vec![7; 20], vec![0; 8], of_another, too_old] {
        let call = Call { proof: proof.clone(), ..Call::honest(&key(9), &me(), 1) };
        assert!(call.make(address).await.is_none(), "{proof:?}");
    }
    assert!(matches!(honest.make(address).await, Some(Ok(_))));
    assert_eq!(here.authenticated().await.1, key(9).id());
}

#[tokio::test]
async fn a_proof_that_was_recorded_is_good_for_nothing() {
    let (mut here, address) = listening(wide()).await;
    let call = Call::honest(&key(9), &me(), 1);
    assert!(matches!(call.make(address).await, Some(Ok(_))));
    here.authenticated().await;
    let recorded = Call { proof: call.proof.clone(), ..Call::honest(&key(8), &me(), 2) };
    assert!(recorded.make(address).await.is_none());
    assert_serves(&mut here, address).await;
}

#[tokio::test]
async fn a_scanner_hears_not_a_byte() {
    let (mut here, address) = listening(wide()).await;
    let socket = UdpSocket::bind(localhost()).expect("a socket");
    socket.set_read_timeout(Some(SILENCE)).expect("it can be set");
    let with_version = |version: u32| [&[0xc3][..], &version.to_be_bytes(), &[20], &[7; 1_179]].concat();
    // QUIC of another version would be told which ones are spoken; noise and short packets, that nobody knows them.
    for datagram in [with_version(0x0a1a_2a3a), with_version(0), with_version(1), vec![0xff; 1_200], vec![0; 1_200]] {
        socket.send_to(&datagram, address).expect("it is sent");
    }
    let error = socket.recv_from(&mut [0; 2_000]).expect_err("nothing comes").kind();
    assert!(matches!(error, std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut), "{error}");
    assert_serves(&mut here, address).await;
}

#[tokio::test]
async fn a_caller_that_proves_nothing_is_refused_by_name() {
    let (mut here, address) = listening(wide()).await;
    let honest = |chance| Call::honest(&key(9), &me(), chance);
    // Alerts of TLS (RFC 8446, section 6) are errors of QUIC (RFC 9001, section 4.8), and have words beside them.
    let refused = [
        (Call { shown: key(8), ..honest(1) }, "a key that it does not hold", 0x0100 + 51, "BadSignature"),
        (Call { is_nobody: true, ..honest(2) }, "no key", 0x0100 + 40, "IncorrectCertificateType"),
        (Call { protocol: b"h3".to_vec(), ..honest(3) }, "another protocol", 0x0100 + 120, "any known protocol"),
    ];
    for (call, what, code, words) in refused {
        // The caller is done with its side of the handshake before it hears what became of it.
        let error = match call.make(address).await {
            Some(Ok(Caller { connection, .. })) => connection.closed().await,
            Some(Err(error)) => error,
            None => panic!("{what}: no answer"),
        };
        let ConnectionError::ConnectionClosed(close) = error else { panic!("{what}: {error}") };
        assert_eq!(u64::from(close.error_code), code, "{what}: {close}");
        assert!(String::from_utf8_lossy(&close.reason).contains(words), "{what}: {close}");
        let (_, reason, detail) = here.closed().await;
        assert_eq!(reason, CloseReason::BadHandshake, "{what}: {detail}");
    }
    assert_eq!(here.transport.session_counts(), SessionCounts::default());
    assert_serves(&mut here, address).await;
}

#[tokio::test]
async fn another_node_than_expected_says_nothing_and_is_told_as_what_it_may_be() {
    let limits = Limits { handshake_timeout: SILENCE, ..wide() };
    let (mut here, mut there) = (Side::new(1, limits), Side::new(2, wide()));
    let address = there.listen().await;
    here.dial(2, address, key(3).id()).await;
    let (_, reason, detail) = here.closed().await;
    assert_eq!(reason, CloseReason::TimedOut);
    assert!(detail.contains(&format!("nobody answers as {}", key(3).id())), "{detail}");
    assert!(!detail.contains(&there.id().to_string()), "{detail}");
    assert!(there.events.0.try_recv().is_err(), "it was not even a session");
}

#[tokio::test]
async fn an_answerer_that_is_not_the_node_that_was_called_is_found_out_and_told_so() {
    let (other, called) = (key(3), key(4));
    // The one shows its own key, which it holds; the other shows the right one, which it does not hold.
    let answerers = [
        (answerer(&other, &other), CloseReason::UnexpectedId, 0x0100 + 46, "not that of the node that was called"),
        (answerer(&called, &other), CloseReason::BadHandshake, 0x0100 + 51, "BadSignature"),
    ];
    let mut here = Side::new(1, wide());
    for (session, ((endpoint, at), expected, code, words)) in (2..).zip(answerers) {
        here.dial(session, at, called.id()).await;
        let answering = endpoint.accept().await.expect("a call").accept().expect("it is well-formed");
        let error = tokio::time::timeout(DEADLINE, answering).await.expect("in time").expect_err("it is refused");
        let ConnectionError::ConnectionClosed(close) = error else { panic!("{error}") };
        assert_eq!(u64::from(close.error_code), code, "{close}");
        assert!(String::from_utf8_lossy(&close.reason).contains(words), "{close}");
        let (closed, reason, detail) = here.closed().await;
        assert_eq!((closed, reason), (session, expected), "{detail}");
        let is_told = detail.contains(&other.id().to_string()) && detail.contains(&called.id().to_string());
        assert_eq!(is_told, reason == CloseReason::UnexpectedId, "{detail}");
    }
    assert_eq!(here.transport.session_counts(), SessionCounts::default());
}

/// Sends these bytes in the control stream, and says how the session ended there.
async fn after(here: &mut Side, address: std::net::SocketAddr, chance: u8, bytes: &[u8]) -> (CloseReason, String) {
    let caller = Call::honest(&key(9), &me(), chance).make(address).await.expect("an answer").expect("it is taken");
    let (session, ..) = here.authenticated().await;
    here.transport.open_stream(session);
    let (mut send, _receive) = caller.connection.open_bi().await.expect("a stream");
    send.write_all(bytes).await.expect("it is taken");
    let (_, reason, detail) = here.closed().await;
    (reason, detail)
}

#[tokio::test]
async fn what_is_no_frame_ends_the_session() {
    let limits = Limits { frame_timeout: Duration::from_millis(200), ..wide() };
    let (mut here, address) = listening(limits).await;
    for (chance, bytes, expected, words) in [
        (1, &[7][..], CloseReason::Violation, "does not begin as it should"),
        (2, &[0, 0, 0, 0, 0], CloseReason::Violation, "empty"),
        (3, &[0, 0xff, 0xff, 0xff, 0xff], CloseReason::Violation, "announces 4294967295 bytes"),
        (4, &[0, 0, 0, 0, 9, 1], CloseReason::TimedOut, "not complete within 0.2 s"),
    ] {
        let (reason, detail) = after(&mut here, address, chance, bytes).await;
        assert_eq!(reason, expected, "{detail}");
        assert!(detail.contains(words), "{detail}");
    }
    assert_serves(&mut here, address).await;
}

#[tokio::test]
async fn a_control_stream_that_never_comes_ends_the_session() {
    let (mut here, address) = listening(Limits { handshake_timeout: Duration::from_millis(500), ..wide() }).await;
    let _caller = Call::honest(&key(9), &me(), 1).make(address).await.expect("an answer").expect("it is taken");
    let (session, ..) = here.authenticated().await;
    here.transport.open_stream(session);
    let (_, reason, detail) = here.closed().await;
    assert_eq!(reason, CloseReason::TimedOut);
    assert!(detail.contains("control stream"), "{detail}");
}

#[tokio::test]
async fn what_was_said_before_going_is_heard() {
    let (mut here, address) = listening(wide()).await;
    let caller = Call::honest(&key(9), &me(), 1).make(address).await.expect("an answer").expect("it is taken");
    let (mut send, _receive) = caller.connection.open_bi().await.expect("a stream");
    let frames: Vec<u8> = (0..200u8).flat_map(|index| [0, 0, 0, 1, index]).collect();
    send.write_all(&[&[0][..], &frames].concat()).await.expect("it is taken");
    send.finish().expect("it ends");
    send.stopped().await.expect("it has arrived");
    caller.connection.close(0u32.into(), b"");
    let (session, ..) = here.authenticated().await;
    here.transport.open_stream(session);
    for index in 0..200 {
        assert_eq!(here.frame().await, [index]);
    }
    assert_eq!(here.closed().await.1, CloseReason::Remote);
}

/// A crowd that never completes its handshake cannot keep others out: who calls then is asked to come again from where
/// it is (Retry), which a crowd behind forged addresses cannot.
#[tokio::test]
async fn under_a_flood_of_handshakes_somebody_honest_gets_through() {
    let limits = Limits { half_open: 16, ..wide() };
    let (mut here, address) = listening(limits).await;
    let flood: Vec<Caller> = {
        let mut callers = Vec::new();
        for chance in 0..40 {
            // Each is authenticated, and admitted by nobody.
            callers.extend(Call::honest(&key(9), &me(), chance).make(address).await.and_then(Result::ok));
        }
        callers
    };
    assert!(flood.len() >= 16, "{} calls came through", flood.len());
    assert!(here.transport.session_counts().half_open <= 32);
    let mut other = Side::new(7, wide());
    other.dial(2, address, me()).await;
    other.authenticated().await;
    let honest = other.id();
    here.until(|event| match event {
        TransportEvent::Authenticated { peer, .. } if peer == honest => Some(()),
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn a_port_that_was_left_is_free_at_once_unless_sessions_go_on_by_it() {
    let (mut here, mut there) = (Side::new(1, wide()), Side::new(2, wide()));
    let address = there.listen().await;
    here.dial(2, address, there.id()).await;
    here.authenticated().await;
    let (there_session, ..) = there.authenticated().await;
    here.transport.open_stream(2);
    there.transport.open_stream(there_session);
    there.transport.stop_listening();
    there.until(|event| matches!(event, TransportEvent::ListeningStopped).then_some(())).await;
    here.transport.send(2, vec![5]).expect("there is room");
    assert_eq!(there.frame().await, [5], "the session outlives its listener");
    // Nobody new gets in.
    let mut other = Side::new(7, Limits { handshake_timeout: SILENCE, ..wide() });
    other.dial(2, address, there.id()).await;
    assert_eq!(other.closed().await.1, CloseReason::TimedOut);
    // It listens again where its sessions are.
    there.transport.listen(address);
    there.until(|event| matches!(event, TransportEvent::Listening { .. }).then_some(())).await;
    other.dial(4, address, there.id()).await;
    other.authenticated().await;
    here.transport.close(2, CloseReason::Local, String::new());
    other.transport.close(4, CloseReason::Local, String::new());
    there.closed().await;
    there.closed().await;
    drop(there);
    let mut another = Side::new(3, wide());
    let bound = loop {
        another.transport.listen(address);
        match another.next().await {
            TransportEvent::Listening { address } => break address,
            TransportEvent::ListenFailed { .. } => tokio::task::yield_now().await,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(bound, address);
}
