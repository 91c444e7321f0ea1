//! Bytes through one stream of a session, beside plain quinn, plain TCP and streams of libp2p.

use std::time::Instant;

use anyhow::{Context as _, ensure};
use bitpie::transports::CloseReason;
use bitpie_bench_node::libp2p_side::{self, Carrier};
use bitpie_bench_node::rounds::{self, Figures, Table};
use bitpie_bench_node::sides::across;
use bitpie_bench_node::{Extent, machine};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::compat::FuturesAsyncReadCompatExt as _;

use crate::plain_quinn;
use crate::side::{SESSION, Side};

/// What is written and read at a time.
const CHUNK_BYTES: usize = 1 << 18;

#[derive(Clone, Copy)]
enum Contender {
    Session(fn(u8) -> Side),
    Quinn,
    Tcp,
    Libp2p(Carrier),
}

/// Bulk, in a session of ours and elsewhere.
///
/// # Errors
/// What went wrong.
pub fn compare(extent: &Extent) -> anyhow::Result<()> {
    let length = if extent.is_quick { 1 << 26 } else { 1 << 30 };
    let contenders = [
        ("bitpie: Noise, yamux", Contender::Session(Side::over_tcp)),
        ("bitpie: QUIC", Contender::Session(Side::over_quic)),
        ("plain quinn", Contender::Quinn),
        ("plain TCP", Contender::Tcp),
        ("libp2p: Noise, yamux", Contender::Libp2p(Carrier::Tcp)),
        ("libp2p: QUIC", Contender::Libp2p(Carrier::Quic)),
    ];
    let table = Table {
        title: format!("{} MiB through one stream", length >> 20),
        columns: vec!["MB/s", "CPU ms/GB"],
        against: 2,
    };
    rounds::compare(&table, extent.rounds, &contenders, |contender| {
        let before = machine::processor_seconds();
        let mut figures = match *contender {
            Contender::Session(side) => through_session(length, side),
            Contender::Quinn => through_quinn(length),
            Contender::Tcp => through_tcp(length),
            Contender::Libp2p(carrier) => through_libp2p(length, carrier),
        }?;
        figures.push((machine::processor_seconds() - before) * 1e12 / length as f64);
        Ok(figures)
    })
}

async fn write_all(mut stream: impl AsyncWrite + AsyncRead + Unpin, length: usize) -> anyhow::Result<Figures> {
    let chunk = vec![7; CHUNK_BYTES];
    let begun = Instant::now();
    for _ in 0..length / CHUNK_BYTES {
        stream.write_all(&chunk).await?;
    }
    stream.shutdown().await?;
    ensure!(stream.read_u8().await? == 1, "the other side says that it has it");
    Ok(vec![length as f64 / begun.elapsed().as_secs_f64() / 1e6])
}

async fn read_all(mut stream: impl AsyncRead + AsyncWrite + Unpin, length: usize) -> anyhow::Result<()> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut found = 0;
    loop {
        match stream.read(&mut chunk).await? {
            0 => break,
            read => found += read,
        }
    }
    ensure!(found == length, "{found} bytes came of {length}");
    stream.write_all(&[1]).await?;
    stream.shutdown().await?;
    Ok(())
}

fn through_tcp(length: usize) -> anyhow::Result<Figures> {
    across(
        move |told| async move {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            told.send(listener.local_addr()?)?;
            read_all(listener.accept().await?.0, length).await
        },
        |address| async move { write_all(TcpStream::connect(address).await?, length).await },
    )
}

fn through_libp2p(length: usize, carrier: Carrier) -> anyhow::Result<Figures> {
    across(
        move |told| {
            libp2p_side::take_stream(carrier, told, async move |stream| read_all(stream.compat(), length).await)
        },
        |address| libp2p_side::open_stream(address, async |stream| write_all(stream.compat(), length).await),
    )
}

fn through_quinn(length: usize) -> anyhow::Result<Figures> {
    across(
        move |told| async move {
            let endpoint = plain_quinn::server()?;
            told.send(endpoint.local_addr()?)?;
            let (connection, send, receive) = plain_quinn::answer(&endpoint).await?;
            read_all(tokio::io::join(receive, send), length).await?;
            connection.closed().await;
            Ok(())
        },
        move |address| async move {
            let endpoint = plain_quinn::client()?;
            let (_connection, send, receive) = plain_quinn::call(&endpoint, address).await?;
            write_all(tokio::io::join(receive, send), length).await
        },
    )
}

fn through_session(length: usize, side: fn(u8) -> Side) -> anyhow::Result<Figures> {
    across(
        move |told| async move {
            let mut there = side(2);
            let mut incoming = there.transport.incoming_bulk();
            told.send(there.listen().await?)?;
            there.open_streams().await?;
            read_all(incoming.recv().await.context("a stream comes")?.stream, length).await?;
            there.closed().await
        },
        move |address| async move {
            let mut here = side(1);
            here.dial(SESSION, address, 2).await?;
            here.open_streams().await?;
            let figures = write_all(here.transport.open_bulk(SESSION).await?, length).await?;
            here.transport.close(SESSION, CloseReason::Local, String::new());
            here.closed().await?;
            Ok(figures)
        },
    )
}
