//! Bytes through one session, beside plain TCP and a stream of libp2p: over Noise and yamux here and there.

use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use bitpie::home::clock::unix_ms;
use bitpie::identity::IdentityKey;
use bitpie::transports::quic::QuicTransport;
use bitpie::transports::tcp::TcpTransport;
use bitpie::transports::{BulkStream, IncomingBulk, Limits, OpenBulkError, SessionCounts};
use bitpie::transports::{CloseReason, SessionNumber, SessionNumbers, Transport, TransportEvent};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::compat::FuturesAsyncReadCompatExt as _;

use crate::rounds::{Figures, Table};
use crate::sides::across;
use crate::{Extent, libp2p_side, machine, plain_quinn, rounds};

/// What is written and read at a time.
const CHUNK_BYTES: usize = 1 << 18;

/// The session that this side opens.
const SESSION: SessionNumber = 2;

/// Bytes of a frame in [`frames`].
const FRAME_BYTES: usize = 100;

#[derive(Clone, Copy)]
enum Contender {
    Session,
    Quic,
    Quinn,
    Tcp,
    Libp2p,
}

/// Bulk, in a session of ours and elsewhere.
///
/// # Errors
/// What went wrong.
pub fn compare(extent: &Extent) -> anyhow::Result<()> {
    let length = if extent.is_quick { 1 << 26 } else { 1 << 30 };
    let contenders = [
        ("bitpie: Noise, yamux", Contender::Session),
        ("bitpie: QUIC", Contender::Quic),
        ("plain quinn", Contender::Quinn),
        ("plain TCP", Contender::Tcp),
        ("libp2p: Noise, yamux", Contender::Libp2p),
    ];
    let table = Table {
        title: format!("{} MiB through one stream", length >> 20),
        columns: vec!["MB/s", "CPU ms/GB"],
        against: 4,
    };
    rounds::compare(&table, extent.rounds, &contenders, |contender| {
        let before = machine::processor_seconds();
        let mut figures = match contender {
            Contender::Session => through_session(length, Side::new),
            Contender::Quic => through_session(length, Side::over_quic),
            Contender::Quinn => through_quinn(length),
            Contender::Tcp => through_tcp(length),
            Contender::Libp2p => through_libp2p(length),
        }?;
        figures.push((machine::processor_seconds() - before) * 1e12 / length as f64);
        Ok(figures)
    })
}

/// Small frames through the control stream, one way.
///
/// # Errors
/// What went wrong.
pub fn frames(extent: &Extent) -> anyhow::Result<()> {
    let count = if extent.is_quick { 100_000 } else { 1_000_000 };
    let table = Table {
        title: format!("{count} frames of {FRAME_BYTES} bytes through the control stream"),
        columns: vec!["frames/s"],
        against: 0,
    };
    rounds::compare(&table, extent.rounds, &[("bitpie: Noise, yamux", ())], |()| through_control(count))
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

fn through_libp2p(length: usize) -> anyhow::Result<Figures> {
    across(
        move |told| libp2p_side::take_stream(told, async move |stream| read_all(stream.compat(), length).await),
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
            let (_endpoint, _connection, send, receive) = plain_quinn::call(address).await?;
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

fn through_control(count: usize) -> anyhow::Result<Figures> {
    across(
        move |told| async move {
            let mut there = Side::new(2);
            told.send(there.listen().await?)?;
            let session = there.open_streams().await?;
            for _ in 0..count {
                there.frame().await?;
            }
            there.transport.send(session, vec![1])?;
            there.closed().await
        },
        move |address| async move {
            let mut here = Side::new(1);
            here.dial(SESSION, address, 2).await?;
            here.open_streams().await?;
            let begun = Instant::now();
            for _ in 0..count {
                while here.transport.send(SESSION, vec![7; FRAME_BYTES]).is_err() {
                    tokio::task::yield_now().await;
                }
            }
            here.frame().await?;
            let figures = vec![count as f64 / begun.elapsed().as_secs_f64()];
            here.transport.close(SESSION, CloseReason::Local, String::new());
            here.closed().await?;
            Ok(figures)
        },
    )
}

/// A transport of ours, and what it tells.
pub struct Side {
    /// The transport.
    pub transport: Kind,
    events: mpsc::Receiver<TransportEvent>,
}

/// One of our transports.
pub enum Kind {
    /// Noise and yamux.
    Tcp(TcpTransport),
    /// QUIC.
    Udp(QuicTransport),
}

impl std::ops::Deref for Kind {
    type Target = dyn Transport;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Tcp(transport) => transport,
            Self::Udp(transport) => transport,
        }
    }
}

impl Kind {
    fn incoming_bulk(&self) -> mpsc::Receiver<IncomingBulk> {
        match self {
            Self::Tcp(transport) => transport.incoming_bulk(),
            Self::Udp(transport) => transport.incoming_bulk(),
        }
    }

    /// How many sessions there are.
    #[must_use]
    pub fn session_counts(&self) -> SessionCounts {
        match self {
            Self::Tcp(transport) => transport.session_counts(),
            Self::Udp(transport) => transport.session_counts(),
        }
    }

    async fn open_bulk(&self, session: SessionNumber) -> Result<BulkStream, OpenBulkError> {
        match self {
            Self::Tcp(transport) => transport.open_bulk(session).await,
            Self::Udp(transport) => transport.open_bulk(session).await,
        }
    }
}

/// Events that wait to be taken.
const EVENTS_WAITING: usize = 1_024;

impl Side {
    /// One with an identity of its own, whose limits stand in nobody's way.
    #[must_use]
    pub fn new(seed: u8) -> Self {
        Self::of(seed, |key, limits, events| {
            Kind::Tcp(TcpTransport::new(key, unix_ms, limits, SessionNumbers::default(), events))
        })
    }

    /// The same, over QUIC.
    #[must_use]
    pub fn over_quic(seed: u8) -> Self {
        Self::of(seed, |key, limits, events| {
            Kind::Udp(QuicTransport::new(key, unix_ms, limits, SessionNumbers::default(), events))
        })
    }

    fn of(seed: u8, open: impl FnOnce(&IdentityKey, Limits, mpsc::Sender<TransportEvent>) -> Kind) -> Self {
        const PLENTY: usize = 100_000;
        let limits = Limits {
            accepted_per_second: PLENTY,
            outbound: PLENTY,
            outbound_per_address: PLENTY,
            half_open: PLENTY,
            half_open_per_address: PLENTY,
            ..Limits::default()
        };
        let (sender, events) = mpsc::channel(EVENTS_WAITING);
        Self { transport: open(&IdentityKey::from_seed(&[seed; 32]), limits, sender), events }
    }

    /// Listens on a free port.
    ///
    /// # Errors
    /// If there is none.
    pub async fn listen(&mut self) -> anyhow::Result<std::net::SocketAddr> {
        self.transport.listen(([127, 0, 0, 1], 0).into());
        self.until(|event| match event {
            TransportEvent::Listening { address } => Some(address),
            _ => None,
        })
        .await
    }

    /// Dials the side with that seed, and begins the handshake.
    ///
    /// # Errors
    /// If nobody is there.
    pub async fn dial(&mut self, session: SessionNumber, to: std::net::SocketAddr, seed: u8) -> anyhow::Result<()> {
        self.transport.dial(session, to, IdentityKey::from_seed(&[seed; 32]).id());
        self.until(|event| matches!(event, TransportEvent::Connected { .. }).then_some(())).await?;
        self.transport.begin_handshake(session);
        Ok(())
    }

    /// Waits for the next session whose peer is known, and opens its streams.
    ///
    /// # Errors
    /// If the session ends.
    pub async fn open_streams(&mut self) -> anyhow::Result<SessionNumber> {
        let session = self.until(|event| match event {
            TransportEvent::Authenticated { session, .. } => Some(session),
            _ => None,
        });
        let session = session.await?;
        self.transport.open_stream(session);
        Ok(session)
    }

    /// The next frame.
    ///
    /// # Errors
    /// If the session ends.
    pub async fn frame(&mut self) -> anyhow::Result<Vec<u8>> {
        self.until(|event| match event {
            TransportEvent::Frame { bytes, .. } => Some(bytes),
            _ => None,
        })
        .await
    }

    /// Waits until the session has ended.
    ///
    /// # Errors
    /// If the transport has.
    pub async fn closed(&mut self) -> anyhow::Result<()> {
        while let Some(event) = self.events.recv().await {
            if matches!(event, TransportEvent::Closed { .. }) {
                return Ok(());
            }
        }
        bail!("the transport has ended")
    }

    /// The next event that is wanted; others are passed over.
    async fn until<T>(&mut self, mut wanted: impl FnMut(TransportEvent) -> Option<T>) -> anyhow::Result<T> {
        loop {
            match self.events.recv().await.context("the transport has ended")? {
                TransportEvent::Closed { reason, detail, .. } => bail!("a session ended, {reason:?}: {detail}"),
                event => {
                    if let Some(found) = wanted(event) {
                        return Ok(found);
                    }
                }
            }
        }
    }
}
