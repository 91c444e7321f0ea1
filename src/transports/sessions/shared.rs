//! What the tasks of a transport share.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::bulk::{BulkStream, INCOMING_BULK_STREAMS, IncomingBulk, OpenBulkError};
use super::limits::{Admission, Limits};
use super::lock::lock;
use super::orders::{End, Orders};
use crate::transports::{CloseReason, SendRefused, SessionNumber, SessionNumbers, TransportEvent};

/// Why a session ended, to be told; `None` if nobody is there to be told.
pub(in crate::transports) type Ended = Option<(CloseReason, String)>;

/// Keep-alives of a session are told not more often than this; a flood of them is nothing to think about.
pub(in crate::transports) const KEEP_ALIVE_INTERVAL: Duration = Duration::from_millis(250);

/// How long what came before the end of a session is handed out, at most.
pub(in crate::transports) const REST_HANDED_OUT: Duration = Duration::from_secs(5);

/// What the tasks of a transport share, whatever it carries its bytes by.
#[derive(Debug)]
pub(in crate::transports) struct Shared {
    pub limits: Limits,
    pub admission: Arc<Admission>,
    pub numbers: SessionNumbers,
    pub events: mpsc::Sender<TransportEvent>,
    pub runtime: Handle,
    sessions: Mutex<HashMap<SessionNumber, Arc<Orders>>>,
    incoming_bulk: Mutex<Option<mpsc::Sender<IncomingBulk>>>,
}

impl Shared {
    /// No session yet. To be called within a tokio runtime.
    pub fn new(limits: Limits, numbers: SessionNumbers, events: mpsc::Sender<TransportEvent>) -> Self {
        Self {
            limits,
            admission: Admission::new(),
            numbers,
            events,
            runtime: Handle::current(),
            sessions: Mutex::default(),
            incoming_bulk: Mutex::default(),
        }
    }

    /// What a session is told to do; `None` if it is over.
    pub fn orders(&self, session: SessionNumber) -> Option<Arc<Orders>> {
        lock(&self.sessions).get(&session).cloned()
    }

    /// Gives an order to a session. One that ended meanwhile has told so, or is about to.
    pub fn order(&self, session: SessionNumber, order: impl FnOnce(&Orders)) {
        if let Some(orders) = self.orders(session) {
            order(&orders);
        }
    }

    /// Gives an order to every session.
    pub fn order_all(&self, mut order: impl FnMut(&Orders)) {
        for orders in lock(&self.sessions).values() {
            order(orders);
        }
    }

    /// Queues a frame of a session.
    pub fn send(&self, session: SessionNumber, frame: Vec<u8>) -> Result<(), SendRefused> {
        self.orders(session).ok_or(SendRefused::Closed)?.send(&self.limits, frame)
    }

    /// Opens a bulk stream of a session.
    pub async fn open_bulk(&self, session: SessionNumber) -> Result<BulkStream, OpenBulkError> {
        let (reply, answer) = oneshot::channel();
        let orders = self.orders(session).ok_or(OpenBulkError::Closed)?;
        orders.open_bulk(&self.limits, reply)?;
        answer.await.unwrap_or(Err(OpenBulkError::Closed))
    }

    /// Where to receive bulk streams of peers from now on.
    pub fn incoming_bulk(&self) -> mpsc::Receiver<IncomingBulk> {
        let (sender, receiver) = mpsc::channel(INCOMING_BULK_STREAMS);
        *lock(&self.incoming_bulk) = Some(sender);
        receiver
    }

    /// Who takes bulk streams of peers, if anybody does.
    pub fn bulk_taker(&self) -> Option<mpsc::Sender<IncomingBulk>> {
        lock(&self.incoming_bulk).clone()
    }

    /// Tells something that happened, when there is room for it.
    pub fn tell(&self, event: TransportEvent) {
        let events = self.events.clone();
        self.runtime.spawn(async move {
            // Nobody is there to be told when the node ends.
            let _ = events.send(event).await;
        });
    }

    /// Runs a session in a task of its own, until it says why it has ended; that is told then.
    pub fn start<Live: Future<Output = Ended> + Send>(
        self: &Arc<Self>,
        number: SessionNumber,
        live: impl FnOnce(Arc<Orders>) -> Live + Send + 'static,
    ) {
        let orders = Orders::new();
        {
            let mut sessions = lock(&self.sessions);
            if sessions.contains_key(&number) {
                tracing::error!(session = number, "a session was to be opened under a number that another one has");
                return;
            }
            sessions.insert(number, Arc::clone(&orders));
        }
        let shared = Arc::clone(self);
        self.runtime.spawn(async move {
            let ended = AssertUnwindSafe(live(orders)).catch_unwind().await.unwrap_or_else(|_| {
                tracing::error!(session = number, "a session ended by a fault in this program");
                Some((CloseReason::Failed, "a fault in this program".into()))
            });
            lock(&shared.sessions).remove(&number);
            if let Some((reason, detail)) = ended {
                // Nobody is there to be told when the node ends.
                let _ = shared.events.send(TransportEvent::Closed { session: number, reason, detail }).await;
            }
        });
    }
}

/// A session that could not be opened, or for which there was no room.
pub(in crate::transports) fn failed(detail: String) -> Ended {
    Some((CloseReason::Failed, detail))
}

/// A session that ends as it was told to.
pub(in crate::transports) fn ordered(end: End) -> Ended {
    match end {
        End::Close(reason, detail) | End::Drop(reason, detail) => Some((reason, detail)),
        End::Abort => None,
    }
}
