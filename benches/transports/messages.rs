//! Small messages that are answered: through the control stream of a session, where frames go, beside a stream of plain
//! quinn, plain TCP, and libp2p's request-response. Nothing is written to disk.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::Context as _;
use bitpie::transports::{CloseReason, SendRefused, SessionNumber, Transport, TransportEvent};
use bitpie_bench_node::exchange::{MESSAGE_BYTES, Turn, exchange};
use bitpie_bench_node::libp2p_side::{self, Carrier};
use bitpie_bench_node::rounds::{self, Figures, Table};
use bitpie_bench_node::sides::{Line, REQUESTS_WAITING, Request, across};
use bitpie_bench_node::{Extent, echo};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::plain_quinn;
use crate::side::{SESSION, Side};

/// Messages under way at a time.
const AT_A_TIME: [usize; 2] = [1, 64];

#[derive(Clone, Copy)]
enum Contender {
    Session(fn(u8) -> Side),
    Quinn,
    Tcp,
    Libp2p(Carrier),
}

/// Messages, in a session of ours and elsewhere.
///
/// # Errors
/// What went wrong.
pub fn compare(extent: &Extent) -> anyhow::Result<()> {
    let contenders = [
        ("bitpie: Noise, yamux", Contender::Session(Side::over_tcp)),
        ("bitpie: QUIC", Contender::Session(Side::over_quic)),
        ("plain quinn", Contender::Quinn),
        ("plain TCP", Contender::Tcp),
        ("libp2p: Noise, yamux", Contender::Libp2p(Carrier::Tcp)),
        ("libp2p: QUIC", Contender::Libp2p(Carrier::Quic)),
    ];
    for at_a_time in AT_A_TIME {
        let turn = Turn { at_a_time, time: Duration::from_millis(if extent.is_quick { 200 } else { 3_000 }) };
        let table = Table {
            title: format!("messages of {MESSAGE_BYTES} bytes that are answered, {at_a_time} at a time"),
            columns: vec!["messages/s", "p50 ms", "p99 ms", "CPU µs each"],
            against: 2,
        };
        rounds::compare(&table, extent.rounds, &contenders, |contender| run(*contender, turn))?;
    }
    Ok(())
}

fn run(contender: Contender, turn: Turn) -> anyhow::Result<Figures> {
    match contender {
        Contender::Session(side) => across(
            move |told| async move {
                let mut there = side(2);
                told.send(there.listen().await?)?;
                there.open_streams().await?;
                echo_frames(there).await
            },
            |address| async move {
                let mut here = side(1);
                here.dial(SESSION, address, 2).await?;
                here.open_streams().await?;
                exchange(connect(here), None, turn).await
            },
        ),
        Contender::Quinn => across(
            |told| async move {
                let endpoint = plain_quinn::server()?;
                told.send(endpoint.local_addr()?)?;
                let (connection, send, receive) = plain_quinn::answer(&endpoint).await?;
                // It ends when the other side does, which is no failure.
                let _ = echo::serve(receive, send, None).await;
                connection.closed().await;
                Ok(())
            },
            |address| async move {
                let endpoint = plain_quinn::client()?;
                let (connection, send, receive) = plain_quinn::call(&endpoint, address).await?;
                let figures = exchange(echo::connect(receive, send), None, turn).await;
                connection.close(0u8.into(), b"");
                endpoint.wait_idle().await;
                figures
            },
        ),
        Contender::Tcp => across(
            |told| async move {
                let listener = TcpListener::bind("127.0.0.1:0").await?;
                told.send(listener.local_addr()?)?;
                echo::serve_socket(listener.accept().await?.0, None).await
            },
            |address| async move { exchange(echo::connect_socket(TcpStream::connect(address).await?)?, None, turn).await },
        ),
        Contender::Libp2p(carrier) => across(
            move |told| libp2p_side::serve(carrier, told, None),
            |address| async move { exchange(libp2p_side::connect(address).await?, None, turn).await },
        ),
    }
}

/// Sends each frame back, until the session ends.
async fn echo_frames(mut side: Side) -> anyhow::Result<()> {
    while let Some(event) = side.events.recv().await {
        match event {
            TransportEvent::Frame { session, bytes, .. } => send(side.transport.as_ref(), session, bytes).await?,
            TransportEvent::Closed { .. } => break,
            _ => {}
        }
    }
    Ok(())
}

/// Where requests are left for the peer of the session. It ends when this is dropped.
fn connect(mut side: Side) -> Line {
    let (requests, mut waiting) = mpsc::channel::<Request>(REQUESTS_WAITING);
    let ended = tokio::task::spawn_local(async move {
        let mut unanswered = VecDeque::new();
        loop {
            tokio::select! {
                request = waiting.recv() => {
                    let Some(Request { payload, answered }) = request else { break };
                    unanswered.push_back(answered);
                    send(side.transport.as_ref(), SESSION, payload).await.expect("the session goes on");
                }
                event = side.events.recv() => match event {
                    Some(TransportEvent::Frame { .. }) => {
                        let answered = unanswered.pop_front().expect("nothing comes that was not asked for");
                        let _ = answered.send(());
                    }
                    Some(TransportEvent::Closed { .. }) | None => return,
                    Some(_) => {}
                },
            }
        }
        side.transport.close(SESSION, CloseReason::Local, String::new());
        let _ = side.closed().await;
    });
    Line { requests, ended }
}

/// Queues a frame, as soon as there is room for it.
async fn send(transport: &dyn Transport, session: SessionNumber, frame: Vec<u8>) -> anyhow::Result<()> {
    loop {
        match transport.send(session, frame.clone()) {
            Err(SendRefused::Full { .. }) => tokio::task::yield_now().await,
            sent => return sent.context("a frame cannot be sent"),
        }
    }
}
