//! Two transports that keep to the rules.

use bitpie::transports::SendRefused;
use bitpie::transports::Transport as _;
use bitpie::transports::{CloseReason, ListenError, TransportEvent};

use super::sides::{Pair, Side, localhost, pair, pair_of, wide};

#[tokio::test]
async fn frames_go_both_ways_whole_and_in_order() {
    let Pair { mut here, mut there, here_session, there_session } = pair(wide(), wide()).await;
    let sizes = [1, 2, 100, 16_384, 65_535, 65_536, 3];
    for (index, size) in (0u8..).zip(sizes) {
        here.transport.send(here_session, vec![index; size]).expect("there is room");
        there.transport.send(there_session, vec![!index; size]).expect("there is room");
    }
    for (index, size) in (0u8..).zip(sizes) {
        assert!(there.frame().await == vec![index; size], "{size} bytes there");
        assert!(here.frame().await == vec![!index; size], "{size} bytes back");
    }
}

#[tokio::test]
async fn both_ends_know_each_other_and_the_same_hash() {
    let (mut here, mut there) = (Side::new(1, wide()), Side::new(2, wide()));
    let address = there.listen().await;
    here.dial(6, address, there.id()).await;
    let (here_session, found_there, here_hash, here_outgoing) = here.authenticated().await;
    let (there_session, found_here, there_hash, there_outgoing) = there.authenticated().await;
    assert_eq!((here_session, there_session % 2), (6, 1));
    assert_eq!((found_there, found_here), (there.id(), here.id()));
    assert_eq!(here_hash, there_hash);
    assert_eq!((here_outgoing, there_outgoing), (true, false));
    here.dial(8, address, there.id()).await;
    assert_ne!(here.authenticated().await.2, here_hash, "each session has a hash of its own");
}

#[tokio::test]
async fn oneself_is_reported_like_anybody_else() {
    let mut here = Side::new(1, wide());
    let address = here.listen().await;
    here.dial(2, address, here.id()).await;
    let peers = [here.authenticated().await.1, here.authenticated().await.1];
    assert_eq!(peers, [here.id(), here.id()]);
}

#[tokio::test]
async fn a_keep_alive_needs_no_stream() {
    let (mut here, mut there) = (Side::new(1, wide()), Side::new(2, wide()));
    let address = there.listen().await;
    here.dial(2, address, there.id()).await;
    here.authenticated().await;
    let (there_session, ..) = there.authenticated().await;
    there.transport.send_keep_alive(there_session);
    here.transport.open_stream(2);
    there.transport.open_stream(there_session);
    here.until(|event| matches!(event, TransportEvent::KeepAlive { session: 2 }).then_some(())).await;
    here.transport.send_keep_alive(2);
    there.until(|event| matches!(event, TransportEvent::KeepAlive { .. }).then_some(())).await;
    here.transport.send(2, vec![1]).expect("there is room");
    assert_eq!(there.frame().await, [1]);
}

#[tokio::test]
async fn what_is_queued_before_a_close_arrives() {
    for closer_opened in [true, false] {
        let Pair { mut here, mut there, here_session, there_session } = pair(wide(), wide()).await;
        let (closer, session, other) =
            if closer_opened { (&mut here, here_session, &mut there) } else { (&mut there, there_session, &mut here) };
        for index in 0..100u8 {
            closer.transport.send(session, vec![index; 10_000]).expect("there is room");
            // The other side is still sending; that must not take back what was sent to it.
            let _ = other.transport.send(if closer_opened { there_session } else { here_session }, vec![7; 1_000]);
        }
        closer.transport.close(session, CloseReason::Local, "the end".to_owned());
        assert_eq!(closer.transport.send(session, vec![1]), Err(SendRefused::Closed));
        for index in 0..100u8 {
            assert!(other.frame().await == vec![index; 10_000], "frame {index}");
        }
        let (_, reason, detail) = other.closed().await;
        assert_eq!(reason, CloseReason::Remote, "{detail}");
        let (closed, reason, detail) = closer.closed().await;
        assert_eq!((closed, reason, detail.as_str()), (session, CloseReason::Local, "the end"));
        assert_eq!(closer.transport.session_counts(), Default::default());
    }
}

#[tokio::test]
async fn a_session_can_be_closed_at_any_time_and_is_closed_once() {
    let (mut here, mut there) = (Side::new(1, wide()), Side::new(2, wide()));
    let address = there.listen().await;
    for (number, steps) in (1u64..).map(|number| number * 2).zip(0..4) {
        here.transport.dial(number, address, there.id());
        if steps > 0 {
            here.until(|event| matches!(event, TransportEvent::Connected { .. }).then_some(())).await;
        }
        if steps > 1 {
            here.transport.begin_handshake(number);
            here.authenticated().await;
        }
        if steps > 2 {
            here.transport.open_stream(number);
        }
        here.transport.close(number, CloseReason::TimedOut, "enough".to_owned());
        here.transport.close(number, CloseReason::Local, "more than enough".to_owned());
        let (closed, reason, _) = here.closed().await;
        assert_eq!((closed, reason), (number, CloseReason::TimedOut), "after {steps} steps");
    }
    assert!(here.events.0.try_recv().is_err(), "nothing comes after the end");
    assert_eq!(here.transport.session_counts(), Default::default());
}

#[tokio::test]
async fn a_reader_that_does_not_read_holds_its_sender_back() {
    let there = Side::with_capacity(2, wide(), 4);
    let Pair { here, mut there, here_session, .. } = pair_of(Side::new(1, wide()), there).await;
    let mut sent = 0u32;
    let started = tokio::time::Instant::now();
    // It is held back when there has been no room for a while, and not only for a moment.
    let mut full_since = None;
    while full_since.is_none_or(|since: tokio::time::Instant| since.elapsed().as_millis() < 300) {
        match here.transport.send(here_session, [&sent.to_be_bytes()[..], &[0; 30_000]].concat()) {
            Ok(()) => {
                sent += 1;
                full_since = None;
            }
            Err(SendRefused::Full { .. }) => {
                full_since.get_or_insert_with(tokio::time::Instant::now);
                tokio::task::yield_now().await;
            }
            Err(error) => panic!("{error}"),
        }
        assert!(started.elapsed() < super::sides::DEADLINE && sent < 2_000, "{sent} frames were taken");
    }
    for expected in 0..sent {
        assert_eq!(there.frame().await[..4], expected.to_be_bytes());
    }
    here.transport.send(here_session, vec![9]).expect("there is room again");
    assert_eq!(there.frame().await, [9]);
}

#[tokio::test]
async fn one_session_that_is_not_served_does_not_hold_back_another() {
    let limits = bitpie::transports::Limits { received_frames: 3, ..wide() };
    let Pair { here, mut there, here_session, .. } = pair(wide(), limits).await;
    let mut other = Side::new(3, wide());
    there.transport.stop_listening();
    let address = there.listen_again().await;
    other.dial(2, address, there.id()).await;
    other.authenticated().await;
    let (there_other, ..) = there.authenticated().await;
    other.transport.open_stream(2);
    there.transport.open_stream(there_other);
    for index in 0..50 {
        here.transport.send(here_session, vec![index]).expect("there is room");
    }
    let mut kept = Vec::new();
    while kept.len() < 3 {
        if let event @ TransportEvent::Frame { .. } = there.next().await {
            kept.push(event);
        }
    }
    other.transport.send(2, vec![77]).expect("there is room");
    assert_eq!(there.frame().await, [77], "three frames of the first session wait, and no more of it is read");
    drop(kept);
    for index in 3..50 {
        assert_eq!(there.frame().await, [index]);
    }
}

impl Side {
    async fn listen_again(&mut self) -> std::net::SocketAddr {
        self.until(|event| matches!(event, TransportEvent::ListeningStopped).then_some(())).await;
        self.listen().await
    }
}

#[tokio::test]
async fn two_hundred_sessions_at_once() {
    const SESSIONS: u64 = 200;
    let (mut here, mut there) = (Side::new(1, wide()), Side::new(2, wide()));
    let address = there.listen().await;
    for number in 1..=SESSIONS {
        here.transport.dial(number * 2, address, there.id());
    }
    let echo = tokio::spawn(async move {
        let mut closed = 0;
        while closed < SESSIONS {
            match there.next().await {
                TransportEvent::Authenticated { session, .. } => there.transport.open_stream(session),
                TransportEvent::Frame { session, bytes, .. } => {
                    there.transport.send(session, bytes).expect("there is room");
                }
                TransportEvent::Closed { reason, detail, .. } => {
                    assert_eq!(reason, CloseReason::Remote, "{detail}");
                    closed += 1;
                }
                _ => {}
            }
        }
        there.transport.session_counts()
    });
    let (mut echoed, mut closed) = (0, 0);
    while closed < SESSIONS {
        match here.next().await {
            TransportEvent::Connected { session, .. } => here.transport.begin_handshake(session),
            TransportEvent::Authenticated { session, .. } => {
                here.transport.open_stream(session);
                here.transport.send(session, session.to_be_bytes().to_vec()).expect("there is room");
            }
            TransportEvent::Frame { session, bytes, .. } => {
                assert_eq!(bytes, session.to_be_bytes());
                echoed += 1;
                if echoed == SESSIONS {
                    assert_eq!(here.transport.session_counts().outbound, 200);
                    (1..=SESSIONS)
                        .for_each(|number| here.transport.close(number * 2, CloseReason::Local, "done".to_owned()));
                }
            }
            TransportEvent::Closed { reason, detail, .. } => {
                assert_eq!(reason, CloseReason::Local, "{detail}");
                closed += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(echo.await.expect("the echo ends"), Default::default());
}

#[tokio::test]
async fn an_address_that_this_machine_does_not_have_is_named() {
    let mut here = Side::new(1, wide());
    let address = "203.0.113.5:7771".parse().expect("an address");
    here.transport.listen(address);
    match here.next().await {
        TransportEvent::ListenFailed { error, .. } => assert_eq!(error, ListenError::AddrNotAvailable { address }),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn both_versions_of_the_internet_protocol_reach_one_listener() {
    let (mut here, mut there) = (Side::new(1, wide()), Side::new(2, wide()));
    there.transport.listen("[::]:0".parse().expect("an address"));
    let port = match there.next().await {
        TransportEvent::Listening { address } => address.port(),
        // Without IPv6 there is nothing to see.
        TransportEvent::ListenFailed { error: ListenError::Other { .. }, .. } => return,
        other => panic!("{other:?}"),
    };
    for (session, to) in [(2, format!("127.0.0.1:{port}")), (4, format!("[::1]:{port}"))] {
        let to: std::net::SocketAddr = to.parse().expect("an address");
        here.dial(session, to, there.id()).await;
        here.authenticated().await;
        let remote = there.until(|event| match event {
            TransportEvent::Accepted { remote, .. } => Some(remote),
            _ => None,
        });
        assert_eq!(remote.await.ip(), to.ip(), "as it is, and not as an IPv4 address in one of IPv6");
    }
}

#[tokio::test]
async fn when_the_last_handle_is_dropped_everything_ends() {
    let Pair { mut here, there, .. } = pair(wide(), wide()).await;
    let Side { transport, mut events, .. } = there;
    let another = transport.clone();
    drop(transport);
    assert_eq!(another.session_counts().inbound, 1);
    drop(another);
    assert_eq!(here.closed().await.1, CloseReason::Remote);
    while events.0.recv().await.is_some() {}
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let (mut here, mut there) = (Side::new(1, wide()), Side::new(2, wide()));
    let address = there.listen().await;
    here.transport.listen(address);
    match here.next().await {
        TransportEvent::ListenFailed { error, .. } => {
            assert_eq!(error, ListenError::AddrInUse { address });
            assert!(error.to_string().contains(&format!("port {}", address.port())), "{error}");
        }
        other => panic!("{other:?}"),
    }
    there.transport.listen(localhost());
    match there.next().await {
        TransportEvent::ListenFailed { error, .. } => {
            assert_eq!(error, ListenError::AlreadyListening { at: address });
        }
        other => panic!("{other:?}"),
    }
}
