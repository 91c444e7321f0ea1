//! The socket with QUIC on it, by which sessions are dialled and accepted.

use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use quinn::{ServerConfig, TokioRuntime, VarInt};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::parameters;
use crate::quic_socket::QuicSocket;
use crate::transports::sessions::{Shared, lock};
use crate::transports::{TransportEvent, bind};

/// How long the end may take.
const LONGEST_END: Duration = Duration::from_secs(1);

/// An open socket.
#[derive(Debug)]
pub(super) struct Endpoint {
    quinn: quinn::Endpoint,
    address: SocketAddr,
    socket: Weak<QuicSocket>,
    /// The task that accepts, while it listens.
    accepting: Option<AbortHandle>,
}

impl Endpoint {
    /// Opens a socket; port 0 takes a free one. It accepts nothing yet.
    pub(super) fn open(shared: &Shared, address: SocketAddr) -> io::Result<Self> {
        let _runtime = shared.runtime.enter();
        let events = shared.events.clone();
        let stun_heard = move |from, datagram: &[u8]| {
            // Others have more urgent things to tell: half of the room is theirs.
            if events.capacity() > events.max_capacity() / 2 {
                let _ = events.try_send(TransportEvent::Stun { from, bytes: datagram.to_vec() });
            }
        };
        let socket = QuicSocket::new(bind::datagrams(address)?, Box::new(stun_heard))?;
        let seen = Arc::downgrade(&socket);
        let configuration = parameters::of_endpoint();
        let quinn = quinn::Endpoint::new_with_abstract_socket(configuration, None, socket, Arc::new(TokioRuntime))?;
        let address = quinn.local_addr()?;
        Ok(Self { quinn, address, socket: seen, accepting: None })
    }

    /// Where it is.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether calls are accepted.
    pub(super) fn listens(&self) -> bool {
        self.accepting.as_ref().is_some_and(|task| !task.is_finished())
    }

    /// Accepts calls from now on, by that task.
    pub(super) fn accept(&mut self, configuration: ServerConfig, task: impl FnOnce(quinn::Endpoint) -> AbortHandle) {
        self.quinn.set_server_config(Some(configuration));
        self.accepting = Some(task(self.quinn.clone()));
    }

    /// Accepts no calls any more. Whether nothing else uses the socket.
    pub(super) fn accept_no_more(&mut self) -> bool {
        if let Some(task) = self.accepting.take() {
            task.abort();
        }
        self.quinn.set_server_config(None);
        self.quinn.open_connections() == 0
    }

    /// Ends all sessions.
    pub(super) fn close(self) {
        if let Some(task) = &self.accepting {
            task.abort();
        }
        self.quinn.close(VarInt::from_u32(0), b"");
    }

    /// Ends all sessions, and waits until the socket is free, for a second at the latest.
    pub(super) async fn end(self) {
        let socket = self.socket();
        let quinn = self.quinn.clone();
        self.close();
        let _ = timeout(LONGEST_END, async {
            quinn.wait_idle().await;
            drop(quinn);
            while socket.strong_count() > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    /// The socket, to see whether the system has it back.
    pub(super) fn socket(&self) -> Weak<QuicSocket> {
        Weak::clone(&self.socket)
    }

    /// What sessions are dialled with: the socket at which this node listens, so that others see the same address of it
    /// everywhere, or one that is opened for this.
    pub(super) fn for_dialling(open: &Mutex<Option<Self>>, shared: &Shared) -> io::Result<quinn::Endpoint> {
        let mut open = lock(open);
        if let Some(endpoint) = &*open {
            return Ok(endpoint.quinn.clone());
        }
        let opened = Self::open(shared, (Ipv6Addr::UNSPECIFIED, 0).into())?;
        Ok(open.insert(opened).quinn.clone())
    }
}
