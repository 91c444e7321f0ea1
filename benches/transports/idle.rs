//! Resident memory of sessions in which nothing happens. Each measurement has a process of its own, so that none finds
//! the memory of another.

use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use bitpie::transports::raise_descriptor_limit;
use bitpie_bench_node::libp2p_side::{self, Carrier};
use bitpie_bench_node::rounds::{self, Table};
use bitpie_bench_node::sides::block_on;
use bitpie_bench_node::{Extent, machine};

use crate::plain_quinn;
use crate::side::Side;

/// Sessions at the same time.
const SESSIONS: u32 = 2_000;

/// Bytes of the frame that goes each way before it gets quiet, as something does in any session.
const FRAME_BYTES: usize = 1_000;

/// What [`measure`] measures: sessions of this project's transport.
const BITPIE: &str = "bitpie";

/// The same, over QUIC.
const QUIC: &str = "quic";

/// Connections of quinn, with quinn's own settings.
const QUINN: &str = "quinn";

/// Connections of libp2p, over TCP.
const LIBP2P: &str = "libp2p";

/// The same, over QUIC.
const LIBP2P_QUIC: &str = "libp2p-quic";

/// Ours beside libp2p's.
///
/// # Errors
/// What went wrong.
pub fn compare(extent: &Extent) -> anyhow::Result<()> {
    let sessions = if extent.is_quick { SESSIONS / 10 } else { SESSIONS };
    let contenders = [
        ("bitpie: Noise, yamux", BITPIE),
        ("bitpie: QUIC", QUIC),
        ("plain quinn", QUINN),
        ("libp2p: Noise, yamux", LIBP2P),
        ("libp2p: QUIC", LIBP2P_QUIC),
    ];
    let table = Table {
        title: format!("resident memory of one end of each of {sessions} idle sessions, both ends in one process"),
        columns: vec!["KiB", "opened/s"],
        against: 2,
    };
    rounds::compare(&table, extent.rounds, &contenders, |contender| {
        let arguments = ["--idle-of", contender, &sessions.to_string()];
        let ended = Command::new(std::env::current_exe()?).args(arguments).output()?;
        if !ended.status.success() {
            bail!("it failed: {}", String::from_utf8_lossy(&ended.stderr).trim());
        }
        let said = String::from_utf8(ended.stdout)?;
        said.split_whitespace().map(|figure| figure.parse().context("a figure")).collect()
    })
}

/// Opens the sessions, and prints KiB of each end and sessions opened a second.
///
/// # Errors
/// What went wrong.
pub fn measure(contender: &str, sessions: u32) -> anyhow::Result<()> {
    if let Some(limit) = raise_descriptor_limit() {
        let wanted = 2 * u64::from(sessions) + 100;
        ensure!(
            limit >= wanted,
            "{sessions} sessions take {wanted} open files, and there may be {limit}: raise the hard limit"
        );
    }
    block_on(async {
        // What the first ones need, all share.
        let before = machine::resident_bytes()?;
        let begun = std::time::Instant::now();
        let kept: Box<dyn std::any::Any> = match contender {
            BITPIE => Box::new(ours(sessions, Side::over_tcp).await?),
            QUIC => Box::new(ours(sessions, Side::over_quic).await?),
            QUINN => Box::new(Kept(quinn(sessions).await?)),
            LIBP2P => Box::new(Kept(libp2p_side::idle_connections(Carrier::Tcp, sessions).await?)),
            LIBP2P_QUIC => Box::new(Kept(libp2p_side::idle_connections(Carrier::Quic, sessions).await?)),
            _ => bail!("there is no contender `{contender}`"),
        };
        let seconds = begun.elapsed().as_secs_f64();
        let kib = (machine::resident_bytes()? - before) / f64::from(2 * sessions) / 1_024.0;
        println!("{kib} {}", f64::from(sessions) / seconds);
        drop(kept);
        Ok(())
    })
}

/// Keeps what has no name.
struct Kept<T>(#[allow(dead_code, reason = "it is kept, and nothing else")] T);

async fn ours(sessions: u32, side: fn(u8) -> Side) -> anyhow::Result<(Side, Side)> {
    let (mut here, mut there) = (side(1), side(2));
    let address = there.listen().await?;
    for number in 1..=u64::from(sessions) {
        // Numbers of sessions that this side opens are even.
        here.dial(number * 2, address, 2).await?;
        let (mine, theirs) = (here.open_streams().await?, there.open_streams().await?);
        here.transport.send(mine, vec![1; FRAME_BYTES])?;
        there.frame().await?;
        there.transport.send(theirs, vec![1; FRAME_BYTES])?;
        here.frame().await?;
    }
    Ok((here, there))
}

/// As [`ours`]: one stream for each, and a frame through it each way.
async fn quinn(sessions: u32) -> anyhow::Result<impl Sized> {
    let (here, there) = (plain_quinn::client()?, plain_quinn::server()?);
    let mut kept = Vec::new();
    for _ in 0..sessions {
        let calling = async {
            let (connection, mut send, receive) = plain_quinn::call(&here, there.local_addr()?).await?;
            send.write_all(&[1; FRAME_BYTES]).await?;
            anyhow::Ok((connection, send, receive))
        };
        let (mut mine, mut theirs) = tokio::try_join!(calling, plain_quinn::answer(&there))?;
        let mut frame = [0; FRAME_BYTES];
        theirs.2.read_exact(&mut frame).await?;
        theirs.1.write_all(&frame).await?;
        mine.2.read_exact(&mut frame).await?;
        kept.push((mine, theirs));
    }
    Ok((here, there, kept))
}
