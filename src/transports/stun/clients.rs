//! The clients: a socket for each peer that is asked, and one for all of them.
//!
//! The socket for all is the one that sessions over UDP go by, if there is one (RFC 9443): what others see of that one
//! matters. Otherwise one is opened that stands for it.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;

use super::ending::Ending;
use super::filtering;
use crate::identity::NodeId;
use crate::stun::message::MESSAGE_BYTES;
use crate::stun::{Asked, FilteringTest, OurSocket, TransactionId, Unbelievable};

/// Sockets of clients at a time, at most, without the shared ones.
pub const CLIENTS: usize = 16;

/// How long to wait when a socket cannot be read.
const PAUSE: Duration = Duration::from_millis(50);

/// What has come of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StunEvent {
    /// The peer has answered.
    Answered {
        /// Who.
        peer: NodeId,
        /// Which of our sockets it saw.
        socket: OurSocket,
        /// The socket's address here.
        local: SocketAddr,
        /// Its address as the peer saw it.
        mapped: SocketAddr,
    },
    /// It was tested with the help of the peer what the router lets in.
    FilteringTested {
        /// Who.
        peer: NodeId,
        /// Where it was asked.
        server: SocketAddr,
        /// The address here of the socket that asked.
        local: SocketAddr,
        /// What it has shown.
        result: FilteringTest,
    },
    /// The peer does not want to answer.
    Refused {
        /// Who.
        peer: NodeId,
        /// Why, for the log.
        reason: String,
    },
}

impl StunEvent {
    fn peer(&self) -> &NodeId {
        match self {
            Self::Answered { peer, .. } | Self::FilteringTested { peer, .. } | Self::Refused { peer, .. } => peer,
        }
    }
}

/// Questions that were asked by one socket and are not answered yet.
#[derive(Clone, Debug)]
pub struct Pending {
    socket: OurSocket,
    asked: Arc<Mutex<BTreeMap<NodeId, (Asked, SocketAddr)>>>,
}

impl Pending {
    /// None yet.
    #[must_use]
    pub fn new(socket: OurSocket) -> Self {
        Self { socket, asked: Arc::default() }
    }

    /// A peer is asked from now on, by the socket with this address here, instead of what it was asked before.
    pub fn ask(&self, peer: NodeId, asked: Asked, local: SocketAddr) {
        self.asked().insert(peer, (asked, local));
    }

    /// What the peer is asked, if it has not answered.
    #[must_use]
    pub fn of(&self, peer: &NodeId) -> Option<Asked> {
        self.asked().get(peer).map(|(asked, _)| *asked)
    }

    /// The peer is not asked any more.
    pub fn forget(&self, peer: &NodeId) {
        self.asked().remove(peer);
    }

    /// Something came by the socket. Whoever it answers is asked no more; what answers nobody is nothing.
    #[must_use]
    pub fn read(&self, from: SocketAddr, bytes: &[u8]) -> Option<StunEvent> {
        let mut asked = self.asked();
        let event = asked.iter().find_map(|(peer, (question, local))| match question.read(from, bytes) {
            Ok(answered) => {
                Some(StunEvent::Answered { peer: *peer, socket: self.socket, local: *local, mapped: answered.mapped })
            }
            Err(error @ (Unbelievable::Refused { .. } | Unbelievable::NoAddress)) => {
                Some(StunEvent::Refused { peer: *peer, reason: error.to_string() })
            }
            Err(_) => None,
        })?;
        asked.remove(event.peer());
        Some(event)
    }

    fn asked(&self) -> MutexGuard<'_, BTreeMap<NodeId, (Asked, SocketAddr)>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket, and the task that reads it.
struct Line {
    socket: UdpSocket,
    pending: Pending,
    _reader: Ending,
}

impl Line {
    /// A socket that is read from now on; one that is connected hears nobody else. What comes of it is told to
    /// `events`.
    fn open(
        which: OurSocket,
        is_v4: bool,
        to: Option<SocketAddr>,
        events: &mpsc::Sender<StunEvent>,
    ) -> io::Result<Self> {
        let any: IpAddr = if is_v4 { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind((any, 0))?;
        if let Some(to) = to {
            socket.connect(to)?;
        }
        socket.set_nonblocking(true)?;
        let pending = Pending::new(which);
        let reader = tokio::net::UdpSocket::from_std(socket.try_clone()?)?;
        let reader = Ending::spawn(read_all(reader, pending.clone(), events.clone()));
        Ok(Self { socket, pending, _reader: reader })
    }

    /// Sends what the peer is asked, if it has not answered. What is lost on the way is sent again; a network that is
    /// gone, likewise.
    fn send(&self, peer: &NodeId) {
        if let Some(asked) = self.pending.of(peer) {
            let bytes = asked.request();
            let sent = match self.socket.peer_addr() {
                Ok(_) => self.socket.send(&bytes),
                Err(_) => self.socket.send_to(&bytes, asked.server),
            };
            if let Err(error) = sent {
                tracing::debug!(%peer, %error, "a STUN request was not sent");
            }
        }
    }
}

async fn read_all(socket: tokio::net::UdpSocket, pending: Pending, events: mpsc::Sender<StunEvent>) {
    let mut buffer = vec![0; MESSAGE_BYTES + 1];
    loop {
        match socket.recv_from(&mut buffer).await {
            Ok((length, from)) => {
                if let Some(event) = pending.read(from, &buffer[..length])
                    && events.send(event).await.is_err()
                {
                    return;
                }
            }
            // Nobody is at the port that was asked: the silence says so too.
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// All clients.
pub struct StunClients {
    own: HashMap<NodeId, (SocketAddr, Line)>,
    /// Tests of what the router lets in, one for each peer at most.
    tests: HashMap<NodeId, Ending>,
    /// Of IPv4 and of IPv6, as long as anybody is asked by it.
    shared: [Option<Line>; 2],
    /// What is asked by the socket that sessions go by.
    of_transport: Pending,
    events: mpsc::Sender<StunEvent>,
}

impl StunClients {
    /// None yet. What comes of questions is told to `events`.
    #[must_use]
    pub fn new(events: mpsc::Sender<StunEvent>) -> Self {
        let of_transport = Pending::new(OurSocket::Shared);
        Self { own: HashMap::new(), tests: HashMap::new(), shared: [None, None], of_transport, events }
    }

    /// Asks a peer at that address, by both sockets, with these numbers. To be called within a tokio runtime.
    ///
    /// # Errors
    /// If there are too many clients, or the system gives no socket.
    pub fn ask(
        &mut self,
        peer: NodeId,
        server: SocketAddr,
        ids: [TransactionId; 2],
        by_transport: impl Fn(SocketAddr, &[u8]) -> Option<u16>,
    ) -> Result<(), String> {
        if self.own.get(&peer).is_some_and(|(at, _)| *at != server) {
            self.close(&peer);
        }
        let told = |error: io::Error| format!("no socket for STUN: {error}");
        if !self.own.contains_key(&peer) {
            if self.own.len() >= CLIENTS {
                return Err(format!("there are {CLIENTS} clients of STUN already"));
            }
            let line = Line::open(OurSocket::Single, server.is_ipv4(), Some(server), &self.events).map_err(told)?;
            self.own.insert(peer, (server, line));
        }
        let (_, own) = self.own.get(&peer).expect("it was there, or was inserted");
        let local = own.socket.local_addr().map_err(told)?;
        let [id, shared_id] = ids;
        own.pending.ask(peer, Asked { id, server }, local);
        own.send(&peer);
        let asked = Asked { id: shared_id, server };
        if let Some(port) = by_transport(server, &asked.request()) {
            // Packets to the same place leave from the same address.
            self.of_transport.ask(peer, asked, SocketAddr::new(local.ip(), port));
            return Ok(());
        }
        let shared = &mut self.shared[usize::from(server.is_ipv6())];
        if shared.is_none() {
            *shared = Line::open(OurSocket::Shared, server.is_ipv4(), None, &self.events).ok();
        }
        if let Some(shared) = shared {
            let port = shared.socket.local_addr().map_err(told)?.port();
            // Packets to the same place leave from the same address.
            shared.pending.ask(peer, asked, SocketAddr::new(local.ip(), port));
            shared.send(&peer);
        }
        Ok(())
    }

    /// Sends what has no answer yet once more.
    pub fn ask_again(&self, peer: &NodeId, by_transport: impl Fn(SocketAddr, &[u8]) -> Option<u16>) {
        if let Some(asked) = self.of_transport.of(peer) {
            by_transport(asked.server, &asked.request());
        }
        let own = self.own.get(peer).map(|(_, line)| line);
        own.into_iter().chain(self.shared.iter().flatten()).for_each(|line| line.send(peer));
    }

    /// Tests what the router lets in, with the help of a peer whose server is there; with these numbers. Nothing comes of
    /// it if the peer does not answer, or is not asked any more. To be called within a tokio runtime.
    pub fn test_filtering(&mut self, peer: NodeId, server: SocketAddr, ids: [TransactionId; 3]) {
        if !self.own.contains_key(&peer) {
            return;
        }
        let events = self.events.clone();
        let test = Ending::spawn(async move {
            match filtering::test(server, ids).await {
                Ok(Some((local, result))) => {
                    let _ = events.send(StunEvent::FilteringTested { peer, server, local, result }).await;
                }
                Ok(None) => {}
                Err(error) => tracing::debug!(%peer, %error, "it was not tested what the router lets in"),
            }
        });
        self.tests.insert(peer, test);
    }

    /// Closes the socket with which this peer alone was asked.
    pub fn close(&mut self, peer: &NodeId) {
        self.own.remove(peer);
        self.tests.remove(peer);
        self.of_transport.forget(peer);
        for (shared, is_v6) in self.shared.iter_mut().zip([false, true]) {
            if let Some(line) = shared {
                line.pending.forget(peer);
            }
            if self.own.values().all(|(server, _)| server.is_ipv6() != is_v6) {
                *shared = None;
            }
        }
    }

    /// Something came by the socket that sessions go by.
    #[must_use]
    pub fn heard_by_transport(&self, from: SocketAddr, bytes: &[u8]) -> Option<StunEvent> {
        self.of_transport.read(from, bytes)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.own.len()
    }

    /// There is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.own.is_empty()
    }
}
