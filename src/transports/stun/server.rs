//! The server: sockets of UDP and TCP at one port, and one of UDP at another port, from which clients may want the
//! answer. With a second address they are those of RFC 5780: both addresses with the port and the next one.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::{TcpListener, UdpSocket};
use tokio::time::sleep;

use super::connections;
use super::ending::Ending;
use super::shared::Shared;
use crate::stun::message::MESSAGE_BYTES;
use crate::stun::{Carrier, Received, Seen, answer};
use crate::transports::{ListenError, bind};

/// How often a free port is looked for that both UDP and TCP can have.
const TRIES: usize = 16;

/// How long to wait when a socket cannot be read.
const PAUSE: Duration = Duration::from_millis(50);

/// Where to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Address and port; port 0 takes a free one.
    pub at: SocketAddr,
    /// A second address of this machine, of the same family: with it the server is one of RFC 5780.
    pub other: Option<IpAddr>,
}

impl Place {
    /// All addresses of UDP, once the port is known: the first is the one that others are told of.
    fn addresses(&self, port: u16) -> Vec<SocketAddr> {
        // Nobody is told of the second port, so any will do.
        let Some(other) = self.other else { return [port, 0].map(|port| SocketAddr::new(self.at.ip(), port)).to_vec() };
        let next = port.checked_add(1).unwrap_or(port - 1);
        let ports = |ip| [SocketAddr::new(ip, port), SocketAddr::new(ip, next)];
        [ports(self.at.ip()), ports(other)].concat()
    }
}

/// A server that answers. When it is dropped, nobody is answered any more, and its ports are free once its tasks have
/// noticed.
pub struct StunServer {
    address: SocketAddr,
    _tasks: Vec<Ending>,
}

impl StunServer {
    /// Opens the sockets, and answers from now on. To be called within a tokio runtime. Requests of those who are
    /// expected there are noted in `seen`, with the time of this clock.
    ///
    /// # Errors
    /// If one of the sockets cannot be had.
    pub fn open(place: Place, seen: Arc<Mutex<Seen>>, unix_ms: fn() -> u64) -> Result<Self, ListenError> {
        let (listener, datagrams) = bind_all(place)?;
        let named = |error| bind::named(place.at, &error);
        let sockets = datagrams.into_iter().map(|socket| {
            let socket = UdpSocket::from_std(socket.into())?;
            Ok((socket.local_addr()?, socket))
        });
        let sockets: Vec<(SocketAddr, UdpSocket)> = sockets.collect::<io::Result<_>>().map_err(named)?;
        let listener = TcpListener::from_std(listener.into()).map_err(named)?;
        let address = sockets[0].0;
        let shared = Arc::new(Shared::new(sockets, seen, unix_ms));
        let of_udp = (0..shared.sockets.len()).map(|index| Ending::spawn(answer_datagrams(Arc::clone(&shared), index)));
        let mut tasks: Vec<Ending> = of_udp.collect();
        tasks.push(Ending::spawn(connections::accept_all(listener, address, shared)));
        Ok(Self { address, _tasks: tasks })
    }

    /// Where it answers.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether it could be opened there now. Nothing is kept of it, so this is a hint.
    #[must_use]
    pub fn can_open(place: Place) -> bool {
        bind_all(place).is_ok()
    }
}

/// All sockets, or none: one that listens, and those of UDP.
fn bind_all(place: Place) -> Result<(socket2::Socket, Vec<socket2::Socket>), ListenError> {
    let tries = if place.at.port() == 0 { TRIES } else { 1 };
    let mut last = None;
    for _ in 0..tries {
        match bind_once(place) {
            Err(error @ ListenError::AddrInUse { .. }) => last = Some(error),
            bound => return bound,
        }
    }
    Err(last.expect("there is at least one try"))
}

fn bind_once(place: Place) -> Result<(socket2::Socket, Vec<socket2::Socket>), ListenError> {
    let listener = bind::listening(place.at).map_err(|error| bind::named(place.at, &error))?;
    let port = listener.local_addr().ok().and_then(|address| address.as_socket()).map_or(0, |address| address.port());
    let datagrams = place.addresses(port).into_iter();
    let datagrams = datagrams.map(|at| bind::datagrams(at).map_err(|error| bind::named(at, &error)));
    Ok((listener, datagrams.collect::<Result<_, _>>()?))
}

async fn answer_datagrams(shared: Arc<Shared>, index: usize) {
    let (at, socket) = &shared.sockets[index];
    // One byte more than a message may have, so that a longer one does not look whole.
    let mut buffer = vec![0; MESSAGE_BYTES + 1];
    loop {
        let (length, from) = match socket.recv_from(&mut buffer).await {
            Ok(received) => received,
            // What an earlier answer has come to, or the system is out of memory: the next one may be well.
            Err(_) => {
                sleep(PAUSE).await;
                continue;
            }
        };
        if from.port() == 0 || !shared.admits(from) {
            continue;
        }
        let (other, other_port) = (shared.opposite(*at), shared.other_port(*at));
        let how = Received { carrier: Carrier::Udp, from, at: *at, other, other_port };
        let Some(answer) = answer(&buffer[..length], &how) else { continue };
        shared.note(from);
        let from_there = shared.sockets.iter().find(|(address, _)| *address == answer.send_from);
        let (_, socket) = from_there.unwrap_or(&shared.sockets[index]);
        // Datagrams may be lost; whoever asks asks again.
        let _ = socket.send_to(&answer.bytes, from).await;
    }
}
