//! STUN over TCP (RFC 8489, section 6.2.2): few connections, each for a short time.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::shared::Shared;
use crate::peers::AddressGroup;
use crate::stun::message::{HEADER_BYTES, MESSAGE_BYTES, length_of};
use crate::stun::{Carrier, Received, answer};

/// Connections at a time, at most; what comes beyond is closed at once.
pub const CONNECTIONS: usize = 64;

/// Connections of one network at a time, at most, so that one does not take all places.
pub const CONNECTIONS_PER_NETWORK: usize = 8;

/// How long a connection lasts, at most.
const LIFETIME: Duration = Duration::from_secs(60);

/// How long the next message may take to come whole. RFC 8489 lets a client keep a connection; one that says nothing
/// has no right to it.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long to wait when the system cannot accept (no more descriptors, no more memory).
const PAUSE: Duration = Duration::from_millis(200);

/// Serves connections until it is dropped, and all of them with it.
pub(super) async fn accept_all(listener: TcpListener, at: SocketAddr, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    let mut of_network: HashMap<AddressGroup, usize> = HashMap::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((socket, from)) = accepted else {
                    sleep(PAUSE).await;
                    continue;
                };
                let network = AddressGroup::of(from.ip());
                let count = of_network.get(&network).copied().unwrap_or(0);
                if connections.len() >= CONNECTIONS || count >= CONNECTIONS_PER_NETWORK {
                    continue;
                }
                of_network.insert(network, count + 1);
                let shared = Arc::clone(&shared);
                connections.spawn(async move {
                    let at = SocketAddr::new(socket.local_addr().map_or(at.ip(), |own| own.ip()), at.port());
                    let _ = timeout(LIFETIME, serve(socket, from, at, &shared)).await;
                    network
                });
            }
            Some(ended) = connections.join_next() => {
                if let Ok(network) = ended
                    && let Some(count) = of_network.get_mut(&network)
                {
                    *count -= 1;
                    if *count == 0 {
                        of_network.remove(&network);
                    }
                }
            }
        }
    }
}

/// Answers one message after another, until one is not as it should be.
async fn serve(mut socket: TcpStream, from: SocketAddr, at: SocketAddr, shared: &Shared) -> Option<()> {
    let mut buffer = vec![0; MESSAGE_BYTES];
    loop {
        let length = timeout(PATIENCE, receive(&mut socket, &mut buffer)).await.ok()??;
        if !shared.admits(from) {
            return None;
        }
        let how = Received { carrier: Carrier::Tcp, from, at, other: None, other_port: None };
        let answer = answer(&buffer[..length], &how)?;
        shared.note(from);
        socket.write_all(&answer.bytes).await.ok()?;
    }
}

/// The next message, which is whole; its length.
async fn receive(socket: &mut TcpStream, buffer: &mut [u8]) -> Option<usize> {
    let (header, _) = buffer.split_first_chunk_mut::<HEADER_BYTES>()?;
    socket.read_exact(header).await.ok()?;
    let length = length_of(header)?;
    socket.read_exact(buffer.get_mut(HEADER_BYTES..length)?).await.ok()?;
    Some(length)
}
