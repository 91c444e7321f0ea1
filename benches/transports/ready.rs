//! How long it takes from the wish for a session until it is READY: until both sides have proved who they are, and
//! messages can go. Everything goes through a line that holds each datagram for a while, so what counts is how often
//! the sides wait for each other. Plain quinn and libp2p know nothing like READY: there it is the first answer that counts.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bitpie_bench_node::exchange::MESSAGE_BYTES;
use bitpie_bench_node::libp2p_side::{self, Carrier};
use bitpie_bench_node::nodes::{Listens, Node};
use bitpie_bench_node::rounds::{self, Figures, Table};
use bitpie_bench_node::sides::{Request, across, block_on};
use bitpie_bench_node::{Extent, echo};
use tokio::sync::{mpsc, oneshot};

use crate::plain_quinn;
use crate::slow_line::SlowLine;

/// How long a datagram takes one way.
const ONE_WAY: Duration = Duration::from_millis(50);

#[derive(Clone, Copy)]
enum Contender {
    Nodes,
    Quinn,
    Libp2p,
}

/// READY beside first answers.
///
/// # Errors
/// What went wrong.
pub fn compare(extent: &Extent) -> anyhow::Result<()> {
    let contenders = [
        ("bitpie: QUIC, until READY", Contender::Nodes),
        ("plain quinn, until an answer", Contender::Quinn),
        ("libp2p: QUIC, until an answer", Contender::Libp2p),
    ];
    let table = Table {
        title: format!("from the wish for a session to its use, round trip {} ms", 2 * ONE_WAY.as_millis()),
        columns: vec!["round trips", "ms"],
        against: 1,
    };
    rounds::compare(&table, extent.rounds, &contenders, |contender| {
        let took = match contender {
            Contender::Nodes => between_nodes(extent),
            Contender::Quinn => by_quinn(),
            Contender::Libp2p => by_libp2p(),
        }?;
        Ok(vec![took.as_secs_f64() / (2 * ONE_WAY).as_secs_f64(), took.as_secs_f64() * 1e3]) as anyhow::Result<Figures>
    })
}

/// From when `there` is told of its contact until its session is READY. `here` knows the contact already.
fn between_nodes(extent: &Extent) -> anyhow::Result<Duration> {
    let folder = tempfile::tempdir_in(extent.folder())?;
    block_on(async {
        let here = Node::start(folder.path(), "here", Listens::ByUdp, true)?;
        let there = Node::start(folder.path(), "there", Listens::Nowhere, true)?;
        // Whoever is to be called is `here`, so that the caller is the one that has heard of the other just now.
        let idurl = here.address().await?;
        let direct = address_in(&idurl)?;
        let line = SlowLine::to(direct, ONE_WAY).await?;
        here.add(&there.id().await?, "there").await?;
        let by_line = idurl.replace(&direct.to_string(), &line.address().to_string());
        let begun = Instant::now();
        there.add(&by_line, "here").await?;
        there.is_ready().await?;
        let took = begun.elapsed();
        here.stop()?;
        there.stop()?;
        Ok(took)
    })
}

/// The address for UDP in an IDURL.
fn address_in(idurl: &str) -> anyhow::Result<SocketAddr> {
    let (_, rest) = idurl.split_once("at=udp://").with_context(|| format!("{idurl} names no address for UDP"))?;
    Ok(rest.split('&').next().unwrap_or(rest).parse()?)
}

/// From the call until a message was answered.
fn by_quinn() -> anyhow::Result<Duration> {
    across(
        |told| async move {
            let endpoint = plain_quinn::server()?;
            told.send(endpoint.local_addr()?)?;
            let (connection, send, receive) = plain_quinn::answer(&endpoint).await?;
            let _ = echo::serve(receive, send, None).await;
            connection.closed().await;
            Ok(())
        },
        |address| async move {
            let line = SlowLine::to(address, ONE_WAY).await?;
            let endpoint = plain_quinn::client()?;
            let begun = Instant::now();
            let (connection, send, receive) = plain_quinn::call(&endpoint, line.address()).await?;
            answer(&echo::connect(receive, send).requests).await?;
            let took = begun.elapsed();
            connection.close(0u8.into(), b"");
            endpoint.wait_idle().await;
            Ok(took)
        },
    )
}

fn by_libp2p() -> anyhow::Result<Duration> {
    across(
        |told| libp2p_side::serve(Carrier::Quic, told, None),
        |address| async move {
            let line = SlowLine::to(libp2p_side::socket_address(&address)?, ONE_WAY).await?;
            let by_line = libp2p_side::at_socket_address(&address, line.address());
            let begun = Instant::now();
            let connected = libp2p_side::connect(by_line).await?;
            answer(&connected.requests).await?;
            let took = begun.elapsed();
            drop(connected.requests);
            connected.ended.await?;
            Ok(took)
        },
    )
}

async fn answer(requests: &mpsc::Sender<Request>) -> anyhow::Result<()> {
    let (answered, answer) = oneshot::channel();
    let request = Request { payload: vec![b'm'; MESSAGE_BYTES], answered };
    requests.send(request).await.ok().context("the connection is lost")?;
    answer.await.context("no answer comes")
}
