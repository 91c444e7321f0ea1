//! What peers are asked by STUN from a port of the API: where they see it.

use std::net::{SocketAddr, TcpListener};
use std::sync::Weak;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::automata::senders::api_ports::api_address;
use crate::home::entropy::random;
use crate::name::ServiceName;
use crate::quic_socket::{QuicSocket, StunHeard};
use crate::stun::{Asked, OurSocket, TransactionId};
use crate::transports::stun::{Pending, StunEvent, ask_by, sharing};
use crate::world::{Input, Observer, Observers};

/// Connections from one port that are held for their mappings, at most: those of two rounds.
const CONNECTIONS: usize = 2 * crate::world::OBSERVERS;

/// The socket of a port.
pub(super) enum Socket {
    /// One that listens. What is asked goes from its port.
    Tcp(TcpListener),
    /// QUIC's, as long as it is there. What is asked goes by it.
    Udp(Weak<QuicSocket>),
}

/// What is asked from a port.
pub(super) struct Questions {
    service: ServiceName,
    socket: Option<Socket>,
    pending: Pending,
    observers: Vec<Observer>,
    connections: JoinSet<()>,
    events: mpsc::Sender<Input>,
}

impl Questions {
    /// None yet. What comes of them is told to `events`.
    pub(super) fn new(service: ServiceName, events: mpsc::Sender<Input>) -> Self {
        let pending = Pending::new(OurSocket::Shared);
        Self { service, socket: None, pending, observers: Vec::new(), connections: JoinSet::new(), events }
    }

    /// They are asked by this socket.
    pub(super) fn by(self, socket: Socket) -> Self {
        Self { socket: Some(socket), ..self }
    }

    /// Hears what comes back by a socket of UDP. If the loop is behind, the answer is lost, and comes again.
    pub(super) fn heard(&self) -> StunHeard {
        let (service, pending, events) = (self.service.clone(), self.pending.clone(), self.events.clone());
        Box::new(move |from, bytes| {
            if let Some(answered) = told(&service, pending.read(from, bytes)) {
                let _ = events.try_send(answered);
            }
        })
    }

    /// Asks these peers, and nobody else.
    pub(super) fn ask(&mut self, observers: &Observers) {
        self.forget();
        self.observers.clone_from(&observers.0);
        while self.connections.try_join_next().is_some() {}
        for observer in &self.observers {
            let asked = Asked { id: TransactionId(random()), server: observer.server };
            // Which address this end has is nobody's question.
            let local = SocketAddr::new(observer.server.ip(), 0);
            self.pending.ask(observer.peer, asked, local);
            let Some(Socket::Tcp(listener)) = &self.socket else { continue };
            if self.connections.len() >= CONNECTIONS {
                continue;
            }
            let (service, peer) = (self.service.clone(), observer.peer);
            let socket = match sharing(listener, asked.server) {
                Ok(socket) => socket,
                Err(error) => {
                    tracing::debug!(%service, %error, "nobody can be asked from the port");
                    continue;
                }
            };
            let (pending, events) = (self.pending.clone(), self.events.clone());
            self.connections.spawn(async move {
                match ask_by(socket, asked).await {
                    Ok((message, connection)) => {
                        if let Some(answered) = told(&service, pending.read(asked.server, &message)) {
                            let _ = events.send(answered).await;
                        }
                        connection.hold().await;
                    }
                    Err(error) => {
                        tracing::debug!(%peer, %service, %error, "a peer does not say where it sees the port")
                    }
                }
            });
        }
        self.ask_again();
    }

    /// Sends what has no answer yet, or once more. TCP does so by itself.
    pub(super) fn ask_again(&self) {
        let Some(Socket::Udp(socket)) = &self.socket else { return };
        let Some(socket) = socket.upgrade() else { return };
        for Observer { peer, .. } in &self.observers {
            if let Some(asked) = self.pending.of(peer)
                && let Err(error) = socket.send(asked.server, &asked.request())
            {
                tracing::debug!(%peer, service = %self.service, %error, "a STUN request was not sent");
            }
        }
    }

    /// Nobody is asked any more.
    pub(super) fn stop(&mut self) {
        self.forget();
        self.connections.abort_all();
    }

    fn forget(&mut self) {
        for observer in self.observers.drain(..) {
            self.pending.forget(&observer.peer);
        }
    }
}

fn told(service: &ServiceName, event: Option<StunEvent>) -> Option<Input> {
    match event? {
        StunEvent::Answered { peer, mapped, .. } => {
            Some(Input::Event(api_address::answered(service.clone(), peer, mapped)))
        }
        StunEvent::Refused { peer, reason } => {
            tracing::debug!(%peer, %service, reason, "a peer does not want to say where it sees the port");
            None
        }
        // Only `stun_client` asks for these.
        StunEvent::FilteringTested { .. } => None,
    }
}
