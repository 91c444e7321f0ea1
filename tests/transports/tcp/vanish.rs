//! Peers that go away, at each step.

use bitpie::transports::Transport as _;
use bitpie::transports::{CloseReason, TransportEvent};
use tokio::net::TcpListener;

use super::raw::{DATA, OPENS, RawHandshake, RawSession, frame, yamux};
use super::sides::{Side, key, localhost, wide};

/// Does as many steps, then goes.
async fn come_and_go(to: std::net::SocketAddr, steps: usize) {
    let mut handshake = RawHandshake::connect(to, &key(9), &key(1).id()).await;
    if steps == 0 {
        return;
    }
    let first = handshake.message(&[]);
    if steps == 1 {
        handshake.write(&first[..10]).await;
        return;
    }
    handshake.write(&first).await;
    if steps == 2 {
        return;
    }
    handshake.read().await;
    if steps == 3 {
        return;
    }
    let mut session: RawSession = handshake.third().await;
    match steps {
        4 => {}
        5 => session.open(&[]).await,
        6 => session.open(&frame(&[1, 2, 3])[..5]).await,
        7 => session.write(&yamux(DATA, OPENS, 1, &frame(&[1, 2, 3]))[..14]).await,
        _ => {
            let message = session.message(&yamux(DATA, OPENS, 1, &frame(&[1])));
            session.write_raw(&message[..message.len() - 1]).await;
        }
    }
}

#[tokio::test]
async fn one_that_called_vanishes_at_each_step() {
    let mut here = Side::new(1, wide());
    let address = here.listen().await;
    for steps in 0..=8 {
        come_and_go(address, steps).await;
        let transport = here.transport.clone();
        let closed = here.until(|event| match event {
            TransportEvent::Authenticated { session, peer, .. } => {
                assert!(steps >= 4, "after {steps} steps");
                assert_eq!(peer, key(9).id());
                transport.open_stream(session);
                None
            }
            TransportEvent::Frame { .. } => panic!("after {steps} steps"),
            TransportEvent::Closed { reason, detail, .. } => Some((reason, detail)),
            _ => None,
        });
        let (reason, detail) = closed.await;
        assert_eq!(reason, CloseReason::Remote, "after {steps} steps: {detail}");
        assert_eq!(transport.session_counts(), Default::default(), "after {steps} steps");
    }
}

#[tokio::test]
async fn one_that_was_called_vanishes_at_each_step() {
    let mut here = Side::new(1, wide());
    let listener = TcpListener::bind(localhost()).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    for steps in 0..=3u64 {
        let session = 2 + 2 * steps;
        let there = async {
            let (socket, _) = listener.accept().await.expect("a connection");
            let mut handshake = RawHandshake::new(socket, &key(9), &key(9).id(), false);
            if steps == 0 {
                return;
            }
            handshake.read().await;
            if steps == 1 {
                return;
            }
            let payload = handshake.payload.clone();
            let second = handshake.message(&payload);
            if steps == 2 {
                handshake.write(&second[..100]).await;
                return;
            }
            handshake.write(&second).await;
            handshake.read().await;
        };
        tokio::join!(there, here.dial(session, address, key(9).id()));
        let transport = here.transport.clone();
        let (_, reason, detail) = here
            .until(|event| match event {
                TransportEvent::Authenticated { session, .. } => {
                    assert_eq!(steps, 3);
                    transport.open_stream(session);
                    None
                }
                TransportEvent::Closed { session, reason, detail } => Some((session, reason, detail)),
                _ => None,
            })
            .await;
        assert_eq!(reason, CloseReason::Remote, "after {steps} steps: {detail}");
        assert_eq!(here.transport.session_counts(), Default::default());
    }
}

#[tokio::test]
async fn what_was_said_before_going_is_heard() {
    let mut here = Side::new(1, wide());
    let address = here.listen().await;
    let mut session = RawSession::connect(address, &key(9), &key(1).id()).await;
    let frames: Vec<u8> = (0..200u8).flat_map(|index| frame(&[index])).collect();
    session.open(&frames).await;
    drop(session);
    let (number, ..) = here.authenticated().await;
    here.transport.open_stream(number);
    for index in 0..200 {
        assert_eq!(here.frame().await, [index]);
    }
    assert_eq!(here.closed().await.1, CloseReason::Remote);
}
