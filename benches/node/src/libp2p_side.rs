//! The same exchanges by libp2p, as its documentation sets it up: tcp with noise and yamux, or quic; request-response with a codec of
//! bytes; streams.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc as std_mpsc;

use anyhow::Context as _;
use futures_util::stream::FuturesUnordered;
use futures_util::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, StreamExt as _};
use libp2p::multiaddr::Protocol;
use libp2p::request_response::{self, Codec, Message, ProtocolSupport};
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, StreamProtocol, Swarm, SwarmBuilder};
use tokio::sync::mpsc;

use crate::journal::Journal;
use crate::sides::{Line, REQUESTS_WAITING, Request};

/// Bytes of a payload, at most.
const PAYLOAD_BYTES: u64 = 65_536;

const EXCHANGE: StreamProtocol = StreamProtocol::new("/bench/exchange/1");
const BULK: StreamProtocol = StreamProtocol::new("/bench/bulk/1");

/// What carries the bytes.
#[derive(Clone, Copy)]
pub enum Carrier {
    /// TCP, with Noise and yamux.
    Tcp,
    /// QUIC.
    Quic,
}

/// The address of the socket in one of libp2p's.
///
/// # Errors
/// If there is none.
pub fn socket_address(address: &Multiaddr) -> anyhow::Result<SocketAddr> {
    let (mut ip, mut port) = (None, None);
    for part in address {
        match part {
            Protocol::Ip4(found) => ip = Some(found),
            Protocol::Udp(found) | Protocol::Tcp(found) => port = Some(found),
            _ => {}
        }
    }
    Ok((ip.context("an address")?, port.context("a port")?).into())
}

/// The same node by QUIC at another socket.
#[must_use]
pub fn at_socket_address(address: &Multiaddr, at: SocketAddr) -> Multiaddr {
    let parts = address.iter().map(|part| match part {
        Protocol::Udp(_) => Protocol::Udp(at.port()),
        part => part,
    });
    parts.collect()
}

/// Requests and answers are bytes until the end of their substream: the least that a codec can do.
#[derive(Clone, Copy, Default)]
pub struct RawBytes;

impl Codec for RawBytes {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<u8>;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io).await
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io).await
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, payload: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&payload).await
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, io: &mut T, payload: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&payload).await
    }
}

async fn read(io: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut payload = Vec::new();
    io.take(PAYLOAD_BYTES).read_to_end(&mut payload).await?;
    Ok(payload)
}

/// A swarm of libp2p that can do one thing.
fn swarm<B: NetworkBehaviour>(behaviour: B) -> anyhow::Result<Swarm<B>> {
    let swarm = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(
            libp2p::tcp::Config::default().nodelay(true),
            libp2p::noise::Config::new,
            libp2p::yamux::Config::default,
        )?
        .with_quic()
        .with_behaviour(|_| behaviour)
        .expect("a behaviour that is there")
        // Connections in which nothing happens stay, as they do between nodes.
        .with_swarm_config(|config| config.with_idle_connection_timeout(std::time::Duration::from_secs(3_600)))
        .build();
    Ok(swarm)
}

fn exchange() -> request_response::Behaviour<RawBytes> {
    let protocols = [(EXCHANGE, ProtocolSupport::Full)];
    request_response::Behaviour::new(protocols, request_response::Config::default())
}

/// Listens, and returns the address with the id in it.
async fn listen<B: NetworkBehaviour>(swarm: &mut Swarm<B>, carrier: Carrier) -> anyhow::Result<Multiaddr> {
    let at = match carrier {
        Carrier::Tcp => "/ip4/127.0.0.1/tcp/0",
        Carrier::Quic => "/ip4/127.0.0.1/udp/0/quic-v1",
    };
    swarm.listen_on(at.parse()?)?;
    loop {
        if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
            return Ok(address.with(Protocol::P2p(*swarm.local_peer_id())));
        }
    }
}

/// Dials, and waits until the connection is there.
async fn dial<B: NetworkBehaviour>(swarm: &mut Swarm<B>, address: Multiaddr) -> anyhow::Result<libp2p::PeerId> {
    swarm.dial(address)?;
    loop {
        match swarm.select_next_some().await {
            SwarmEvent::ConnectionEstablished { peer_id, .. } => return Ok(peer_id),
            SwarmEvent::OutgoingConnectionError { error, .. } => return Err(error.into()),
            _ => {}
        }
    }
}

/// Answers whatever one peer asks, until it is gone. With a journal, not before it is committed there.
///
/// # Errors
/// If libp2p or the journal fails.
pub async fn serve(
    carrier: Carrier,
    told: std_mpsc::Sender<Multiaddr>,
    journal: Option<Journal>,
) -> anyhow::Result<()> {
    let mut swarm = swarm(exchange())?;
    told.send(listen(&mut swarm, carrier).await?)?;
    let mut commits = FuturesUnordered::new();
    let mut id = 0;
    loop {
        let event = tokio::select! {
            event = swarm.select_next_some() => event,
            Some(committed) = commits.next() => {
                let (committed, channel, payload): (anyhow::Result<()>, _, _) = committed;
                committed?;
                let _ = swarm.behaviour_mut().send_response(channel, payload);
                continue;
            }
        };
        match event {
            SwarmEvent::Behaviour(request_response::Event::Message {
                message: Message::Request { request, channel, .. },
                ..
            }) => match &journal {
                Some(journal) => {
                    let committed = journal.begin_insert(id, request.clone()).await?;
                    id += 1;
                    commits.push(async move { (committed.await.context("the journal has failed"), channel, request) });
                }
                None => drop(swarm.behaviour_mut().send_response(channel, request)),
            },
            SwarmEvent::ConnectionClosed { .. } => return Ok(()),
            _ => {}
        }
    }
}

/// Where requests are left for the peer at that address. The connection ends when this is dropped.
///
/// # Errors
/// If there is no connection.
pub async fn connect(address: Multiaddr) -> anyhow::Result<Line> {
    let mut swarm = swarm(exchange())?;
    let peer = dial(&mut swarm, address).await?;
    let (requests, mut waiting) = mpsc::channel::<Request>(REQUESTS_WAITING);
    let ended = tokio::task::spawn_local(async move {
        let mut unanswered = HashMap::new();
        loop {
            tokio::select! {
                request = waiting.recv() => {
                    let Some(Request { payload, answered }) = request else { break };
                    unanswered.insert(swarm.behaviour_mut().send_request(&peer, payload), answered);
                }
                event = swarm.select_next_some() => match event {
                    SwarmEvent::Behaviour(request_response::Event::Message {
                        message: Message::Response { request_id, .. },
                        ..
                    }) => {
                        if let Some(answered) = unanswered.remove(&request_id) {
                            let _ = answered.send(());
                        }
                    }
                    // Whoever waits for the answer sees it.
                    SwarmEvent::Behaviour(request_response::Event::OutboundFailure { request_id, .. }) => {
                        unanswered.remove(&request_id);
                    }
                    _ => {}
                },
            }
        }
        let _ = swarm.disconnect_peer_id(peer);
        while !matches!(swarm.select_next_some().await, SwarmEvent::ConnectionClosed { .. }) {}
    });
    Ok(Line { requests, ended })
}

/// Takes one stream, and hands it on.
///
/// # Errors
/// If libp2p fails.
pub async fn take_stream<T>(
    carrier: Carrier,
    told: std_mpsc::Sender<Multiaddr>,
    work: impl AsyncFnOnce(libp2p::Stream) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let mut swarm = swarm(libp2p_stream::Behaviour::new())?;
    let mut incoming = swarm.behaviour().new_control().accept(BULK).expect("nobody else takes it");
    told.send(listen(&mut swarm, carrier).await?)?;
    let driving = tokio::task::spawn_local(async move {
        while !matches!(swarm.select_next_some().await, SwarmEvent::ConnectionClosed { .. }) {}
    });
    let (_, stream) = incoming.next().await.context("a stream comes")?;
    let done = work(stream).await?;
    // What was said last is on its way until the other side has gone.
    driving.await?;
    Ok(done)
}

/// Opens one stream to the peer at that address, and hands it on.
///
/// # Errors
/// If libp2p fails.
pub async fn open_stream<T>(
    address: Multiaddr,
    work: impl AsyncFnOnce(libp2p::Stream) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let mut swarm = swarm(libp2p_stream::Behaviour::new())?;
    let peer = dial(&mut swarm, address).await?;
    let mut control = swarm.behaviour().new_control();
    let driving = tokio::task::spawn_local(async move { while swarm.next().await.is_some() {} });
    let stream = control.open_stream(peer, BULK).await.map_err(|error| anyhow::anyhow!("no stream: {error}"))?;
    let done = work(stream).await;
    driving.abort();
    done
}

/// Two swarms in this process, and so many connections between them, through which nothing has gone but what libp2p
/// itself says.
///
/// # Errors
/// If libp2p fails.
pub async fn idle_connections(carrier: Carrier, count: u32) -> anyhow::Result<impl Sized> {
    let (mut here, mut there) = (swarm(exchange())?, swarm(exchange())?);
    let address = listen(&mut there, carrier).await?;
    let peer = *there.local_peer_id();
    for _ in 0..count {
        let options = libp2p::swarm::dial_opts::DialOpts::peer_id(peer)
            .condition(libp2p::swarm::dial_opts::PeerCondition::Always)
            .addresses(vec![address.clone()])
            .build();
        here.dial(options)?;
        let (mut is_here, mut is_there) = (false, false);
        while !(is_here && is_there) {
            tokio::select! {
                event = here.select_next_some() => match event {
                    SwarmEvent::ConnectionEstablished { .. } => is_here = true,
                    SwarmEvent::OutgoingConnectionError { error, .. } => return Err(error.into()),
                    _ => {}
                },
                event = there.select_next_some() => {
                    is_there |= matches!(event, SwarmEvent::ConnectionEstablished { .. });
                }
            }
        }
    }
    Ok((here, there))
}
