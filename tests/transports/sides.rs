//! A transport under test, with its events.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use bitpie::identity::{IdentityKey, NodeId};
use bitpie::transports::Limits;
use bitpie::transports::{CloseReason, SessionNumber, SessionNumbers, Transport, TransportEvent};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::Kind;

/// After this a test has failed.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// The clock of all of them.
pub fn now_unix_ms() -> u64 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("it is later than 1970");
    u64::try_from(since.as_millis()).expect("it is not that late")
}

/// Who has not answered by then says nothing.
#[allow(dead_code, reason = "over TCP the connection says more")]
pub const SILENCE: Duration = Duration::from_millis(700);

/// What a transport tells.
pub struct Events(pub mpsc::Receiver<TransportEvent>);

/// A transport, and what it tells.
pub struct Side {
    pub transport: Kind,
    pub events: Events,
    pub key: IdentityKey,
}

/// Two ends of a session whose streams are open.
pub struct Pair {
    pub here: Side,
    pub there: Side,
    pub here_session: SessionNumber,
    pub there_session: SessionNumber,
}

pub fn key(seed: u8) -> IdentityKey {
    IdentityKey::from_seed(&[seed; 32])
}

pub fn localhost() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

/// Limits under which tests on one address do not get into each other's way.
pub fn wide() -> Limits {
    Limits {
        accepted_per_second: 100_000,
        outbound: 10_000,
        outbound_per_address: 10_000,
        half_open: 10_000,
        half_open_per_address: 10_000,
        ..Limits::default()
    }
}

impl Events {
    pub async fn next(&mut self) -> TransportEvent {
        let event = timeout(DEADLINE, self.0.recv()).await.expect("something happens in time");
        event.expect("the transport is there")
    }

    /// The next event that is taken by `wanted`; others are passed over.
    pub async fn until<T>(&mut self, mut wanted: impl FnMut(TransportEvent) -> Option<T>) -> T {
        loop {
            if let Some(found) = wanted(self.next().await) {
                return found;
            }
        }
    }

    pub async fn authenticated(&mut self) -> (SessionNumber, NodeId, [u8; 32], bool) {
        self.until(|event| match event {
            TransportEvent::Authenticated { session, peer, handshake_hash, outgoing } => {
                Some((session, peer, handshake_hash, outgoing))
            }
            TransportEvent::Closed { reason, detail, .. } => panic!("{reason:?}: {detail}"),
            _ => None,
        })
        .await
    }

    pub async fn closed(&mut self) -> (SessionNumber, CloseReason, String) {
        self.until(|event| match event {
            TransportEvent::Closed { session, reason, detail } => Some((session, reason, detail)),
            _ => None,
        })
        .await
    }

    pub async fn frame(&mut self) -> Vec<u8> {
        self.until(|event| match event {
            TransportEvent::Frame { bytes, .. } => Some(bytes),
            TransportEvent::Closed { reason, detail, .. } => panic!("{reason:?}: {detail}"),
            _ => None,
        })
        .await
    }
}

impl Deref for Side {
    type Target = Events;

    fn deref(&self) -> &Events {
        &self.events
    }
}

impl DerefMut for Side {
    fn deref_mut(&mut self) -> &mut Events {
        &mut self.events
    }
}

impl Side {
    pub fn new(seed: u8, limits: Limits) -> Self {
        Self::with_capacity(seed, limits, 256)
    }

    pub fn with_capacity(seed: u8, limits: Limits, capacity: usize) -> Self {
        let (sender, events) = mpsc::channel(capacity);
        let key = key(seed);
        Self { transport: Kind::new(&key, now_unix_ms, limits, SessionNumbers::default(), sender), events: Events(events), key }
    }

    pub fn id(&self) -> NodeId {
        self.key.id()
    }

    pub async fn listen(&mut self) -> SocketAddr {
        self.transport.listen(localhost());
        match self.next().await {
            TransportEvent::Listening { address } => address,
            other => panic!("{other:?}"),
        }
    }

    /// Dials and shakes hands.
    pub async fn dial(&mut self, session: SessionNumber, to: SocketAddr, expected: NodeId) {
        self.transport.dial(session, to, expected);
        self.until(|event| match event {
            TransportEvent::Connected { session: connected, .. } => (connected == session).then_some(()),
            TransportEvent::Closed { reason, detail, .. } => panic!("{reason:?}: {detail}"),
            _ => None,
        })
        .await;
        self.transport.begin_handshake(session);
    }
}

/// A session between two nodes, its streams open.
pub async fn pair(here: Limits, there: Limits) -> Pair {
    pair_of(Side::new(1, here), Side::new(2, there)).await
}

pub async fn pair_of(mut here: Side, mut there: Side) -> Pair {
    let address = there.listen().await;
    here.dial(2, address, there.id()).await;
    let (here_session, ..) = here.authenticated().await;
    let (there_session, ..) = there.authenticated().await;
    here.transport.open_stream(here_session);
    there.transport.open_stream(there_session);
    there.transport.admit(there_session);
    Pair { here, there, here_session, there_session }
}
