//! A transport of this project alone, without the node around it.

use anyhow::{Context as _, bail};
use bitpie::home::clock::unix_ms;
use bitpie::identity::IdentityKey;
use bitpie::transports::quic::QuicTransport;
use bitpie::transports::tcp::TcpTransport;
use bitpie::transports::{Limits, SessionNumber, SessionNumbers, Transport, TransportEvent};
use tokio::sync::mpsc;

/// The session that the side opens which dials.
pub const SESSION: SessionNumber = 2;

/// A transport of ours, and what it tells.
pub struct Side {
    /// The transport.
    pub transport: Box<dyn Transport>,
    /// What it tells.
    pub events: mpsc::Receiver<TransportEvent>,
}

/// Events that wait to be taken: enough for all sessions of [`idle`](crate::idle), since only one side listens at a time.
const EVENTS_WAITING: usize = 65_536;

impl Side {
    /// One with an identity of its own, whose limits stand in nobody's way.
    #[must_use]
    pub fn over_tcp(seed: u8) -> Self {
        Self::of(seed, |key, limits, events| {
            Box::new(TcpTransport::new(key, unix_ms, limits, SessionNumbers::default(), events))
        })
    }

    /// The same, over QUIC.
    #[must_use]
    pub fn over_quic(seed: u8) -> Self {
        Self::of(seed, |key, limits, events| {
            Box::new(QuicTransport::new(key, unix_ms, limits, SessionNumbers::default(), events))
        })
    }

    fn of(
        seed: u8,
        open: impl FnOnce(&IdentityKey, Limits, mpsc::Sender<TransportEvent>) -> Box<dyn Transport>,
    ) -> Self {
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
