//! Limits reached, and what it costs to reach them.

use std::net::SocketAddr;
use std::time::Duration;

use allocation_counter::measure;
use bitpie::identity::NodeId;
use bitpie::transports::Transport as _;
use bitpie::transports::{CloseReason, RefusedWhy, TransportEvent};
use bitpie::transports::{Limits, SessionCounts, raise_descriptor_limit};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::raw::{DATA, PING, RawSession, frame, yamux, yamux_header};
use super::sides::{DEADLINE, Pair, Side, key, pair, pair_of, wide};

/// Runs in a runtime of its own; how much memory was used at most, beyond what was there before.
fn most_bytes(test: impl Future<Output = ()>) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    measure(|| runtime.block_on(test)).bytes_max
}

async fn refused(side: &mut Side) -> (RefusedWhy, u64) {
    side.until(|event| match event {
        TransportEvent::Refused { why, count, .. } => Some((why, count)),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn one_address_cannot_have_all_handshakes() {
    let mut here = Side::new(1, Limits { half_open_per_address: 3, ..wide() });
    let address = here.listen().await;
    let mut silent = Vec::new();
    for _ in 0..5 {
        silent.push(TcpStream::connect(address).await.expect("the system accepts"));
    }
    assert_eq!(refused(&mut here).await, (RefusedWhy::AddressHalfOpenLimit, 2));
    assert_eq!(here.transport.session_counts(), SessionCounts { half_open: 3, ..Default::default() });
    let mut ends = 0;
    for mut socket in silent.drain(3..) {
        ends += timeout(DEADLINE, socket.read(&mut [0])).await.expect("it is closed").unwrap_or(0);
    }
    assert_eq!(ends, 0);
    silent.clear();
    for _ in 0..3 {
        assert_eq!(here.closed().await.1, CloseReason::Remote);
    }
    RawSession::connect(address, &key(9), &key(1).id()).await;
    here.authenticated().await;
}

#[tokio::test]
async fn who_is_admitted_makes_no_room_for_others() {
    let mut here = Side::new(1, Limits { half_open: 2, ..wide() });
    let address = here.listen().await;
    let mut sessions = Vec::new();
    for _ in 0..3 {
        sessions.push(RawSession::connect(address, &key(9), &key(1).id()).await);
        let (session, ..) = here.authenticated().await;
        here.transport.open_stream(session);
        here.transport.admit(session);
    }
    assert_eq!(here.transport.session_counts(), SessionCounts { inbound: 3, ..Default::default() });
    // Of those that are not, the oldest goes.
    let mut strangers = Vec::new();
    for _ in 0..2 {
        strangers.push(RawSession::connect(address, &key(8), &key(1).id()).await);
        here.authenticated().await;
    }
    let _newcomer = TcpStream::connect(address).await.expect("the system accepts");
    let (session, reason, detail) = here.closed().await;
    assert_eq!((session, reason), (7, CloseReason::Failed), "{detail}");
    assert_eq!(here.transport.session_counts().inbound, 3);
}

#[test]
fn a_flood_of_handshakes_disturbs_nobody_and_costs_no_memory() {
    const CONNECTIONS: usize = 3_000;
    let bytes = most_bytes(async {
        let limits = Limits { half_open: 16, ..wide() };
        let Pair { mut here, mut there, here_session, there_session } = pair(wide(), limits).await;
        there.transport.stop_listening();
        there.until(|event| matches!(event, TransportEvent::ListeningStopped).then_some(())).await;
        let address = there.listen().await;
        let flood = async {
            let mut sockets = std::collections::VecDeque::new();
            for _ in 0..CONNECTIONS {
                sockets.push_back(TcpStream::connect(address).await.expect("the system accepts"));
                if sockets.len() > 100 {
                    sockets.pop_front();
                }
            }
        };
        let mut newcomer = Side::new(3, wide());
        let (transport, echo) = (there.transport.clone(), there.transport.clone());
        let mut refusals = 0;
        let served = async {
            loop {
                match there.next().await {
                    TransportEvent::Frame { session, bytes, .. } if session == there_session => {
                        echo.send(session, bytes).expect("there is room");
                    }
                    TransportEvent::Authenticated { session, .. } => transport.open_stream(session),
                    TransportEvent::Refused { count, .. } => refusals += count,
                    _ => {}
                }
                assert!(transport.session_counts().half_open <= 32);
            }
        };
        let talk = async {
            tokio::join!(flood, async {
                for index in 0..100u8 {
                    here.transport.send(here_session, vec![index]).expect("there is room");
                    assert_eq!(here.frame().await, [index]);
                }
                let mut attempts = 0;
                while !shakes_hands(&mut newcomer, 2 + 2 * attempts, address, key(2).id()).await {
                    attempts += 1;
                    assert!(attempts < 50, "nobody gets through");
                }
            });
        };
        tokio::select! {
            () = served => unreachable!("it serves for ever"),
            () = talk => {}
        }
        assert!(refusals > 0);
    });
    assert!(bytes < 8 * 1_048_576, "{bytes} bytes");
}

/// Gives the transport time to read what the system has for it.
async fn served() {
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
}

async fn shakes_hands(side: &mut Side, session: u64, to: SocketAddr, whom: NodeId) -> bool {
    side.transport.dial(session, to, whom);
    let transport = side.transport.clone();
    side.until(|event| match event {
        TransportEvent::Connected { .. } => {
            transport.begin_handshake(session);
            None
        }
        TransportEvent::Authenticated { .. } => Some(true),
        TransportEvent::Closed { .. } => Some(false),
        _ => None,
    })
    .await
}

#[test]
fn a_reader_that_does_not_read_costs_little_at_both_ends() {
    let bytes = most_bytes(async {
        let there = Side::with_capacity(2, wide(), 4);
        let Pair { here, there: _there, here_session, .. } = pair_of(Side::new(1, wide()), there).await;
        let mut refusals = 0;
        let mut taken = 0;
        while refusals < 2_000 {
            match here.transport.send(here_session, vec![0; 8_000]) {
                Ok(()) => taken += 1,
                Err(_) => refusals += 1,
            }
            tokio::task::yield_now().await;
        }
        assert!(taken > 100);
    });
    assert!(bytes < 4 * 1_048_576, "{bytes} bytes");
}

#[test]
fn single_bytes_that_nobody_reads_cost_little() {
    let bytes = most_bytes(async {
        let mut here = Side::with_capacity(1, wide(), 4);
        let address = here.listen().await;
        let mut session = RawSession::connect(address, &key(9), &key(1).id()).await;
        session.open(&[]).await;
        let (number, ..) = here.authenticated().await;
        here.transport.open_stream(number);
        // As many as the window of the stream allows, each in a piece of its own.
        let pieces: Vec<u8> = frame(&[5]).iter().flat_map(|byte| yamux(DATA, 0, 1, &[*byte])).collect();
        let batch = pieces.repeat(1_000);
        for _ in 0..50 {
            let bytes: Vec<u8> = batch.chunks(65_000).flat_map(|part| session.message(part)).collect();
            if timeout(Duration::from_millis(200), session.write_raw(&bytes)).await.is_err() {
                break;
            }
            served().await;
        }
    });
    assert!(bytes < 3 * 1_048_576, "{bytes} bytes");
}

#[tokio::test]
async fn a_flood_of_keep_alives_is_told_now_and_then() {
    let mut here = Side::new(1, wide());
    let address = here.listen().await;
    let mut session = RawSession::connect(address, &key(9), &key(1).id()).await;
    session.open(&[]).await;
    let (number, ..) = here.authenticated().await;
    here.transport.open_stream(number);
    for _ in 0..5_000 {
        session.write(&[]).await;
    }
    session.write(&yamux(DATA, 0, 1, &frame(&[1]))).await;
    let mut keep_alives = 0;
    loop {
        match here.next().await {
            TransportEvent::KeepAlive { .. } => keep_alives += 1,
            TransportEvent::Frame { .. } => break,
            other => panic!("{other:?}"),
        }
    }
    assert!((1..100).contains(&keep_alives), "{keep_alives}");
}

#[test]
fn pings_whose_answers_nobody_reads_cost_little() {
    let bytes = most_bytes(async {
        let mut here = Side::new(1, wide());
        let address = here.listen().await;
        let mut session = RawSession::connect(address, &key(9), &key(1).id()).await;
        session.open(&[]).await;
        let (number, ..) = here.authenticated().await;
        here.transport.open_stream(number);
        let pings: Vec<u8> = (0..5_000).flat_map(|number| yamux_header(PING, 1, 0, number)).collect();
        for _ in 0..300 {
            let message = session.message(&pings);
            if timeout(Duration::from_millis(200), session.write_raw(&message)).await.is_err() {
                break;
            }
            served().await;
        }
    });
    assert!(bytes < 3 * 1_048_576, "{bytes} bytes");
}

#[tokio::test]
async fn a_frame_that_cannot_be_is_not_queued() {
    use bitpie::transports::SendRefused;
    let Pair { here, here_session, .. } = pair(wide(), wide()).await;
    let refused = here.transport.send(here_session, vec![0; 65_537]);
    assert_eq!(refused, Err(SendRefused::Size { bytes: 65_537, limit: 65_536 }));
    assert_eq!(here.transport.send(40, vec![0]), Err(SendRefused::Closed));
}

#[test]
fn the_limit_of_descriptors_can_be_raised() {
    let now = raise_descriptor_limit();
    if cfg!(unix) {
        assert_eq!(raise_descriptor_limit(), now);
    }
}
