//! What the steps of a session share, and how a session ends.

use std::sync::Arc;

use quinn::{Connection, ConnectionError};
use tokio::time::timeout;

use super::inner::Inner;
use crate::identity::NodeId;
use crate::transports::sessions::{End, Ended, Orders, ordered};
use crate::transports::{CloseReason, SessionNumber, TransportEvent};

/// What the steps of a session share.
pub(super) struct Session {
    pub(super) inner: Arc<Inner>,
    pub(super) number: SessionNumber,
    pub(super) orders: Arc<Orders>,
}

/// Who is there, by which connection.
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) peer: NodeId,
    pub(super) is_outgoing: bool,
}

impl Session {
    pub(super) async fn tell(&self, event: TransportEvent) -> Result<(), Ended> {
        self.inner.shared.events.send(event).await.map_err(|_| None)
    }

    /// Ends a session as it was told to: in order, if that is wanted, by what sends the rest.
    pub(super) async fn end(&self, end: End, send_the_rest: impl Future<Output = ()>) -> Ended {
        if matches!(end, End::Close(..)) {
            // What is not sent in time is lost, as it would be if the peer had gone.
            let _ = timeout(self.inner.shared.limits.close_timeout, send_the_rest).await;
        }
        ordered(end)
    }
}

/// Why a connection is no more.
pub(super) fn lost(error: &ConnectionError) -> (CloseReason, String) {
    let reason = match error {
        ConnectionError::ApplicationClosed(_) | ConnectionError::ConnectionClosed(_) | ConnectionError::Reset => {
            CloseReason::Remote
        }
        ConnectionError::TimedOut => CloseReason::TimedOut,
        ConnectionError::TransportError(_) => CloseReason::Violation,
        ConnectionError::LocallyClosed => CloseReason::Local,
        ConnectionError::VersionMismatch | ConnectionError::CidsExhausted => CloseReason::Failed,
    };
    let detail = match error {
        ConnectionError::ApplicationClosed(_) => "the peer closed the session".to_owned(),
        ConnectionError::ConnectionClosed(_) => format!("the peer closed the connection: {error}"),
        ConnectionError::Reset => "the peer has forgotten the session: it was started again".to_owned(),
        ConnectionError::TimedOut => "nothing was heard of the peer for too long".to_owned(),
        ConnectionError::TransportError(_) => format!("the peer violated QUIC: {error}"),
        other => other.to_string(),
    };
    (reason, detail)
}
