//! What the tasks of a transport share.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::bulk::IncomingBulk;
use super::handshake::SessionKeys;
use super::limits::{Admission, Limits};
use super::lock::lock;
use super::orders::Orders;
use crate::transports::{SessionNumber, SessionNumbers, TransportEvent};

/// What the tasks of the transport share.
#[derive(Debug)]
pub(super) struct Inner {
    pub keys: SessionKeys,
    pub limits: Limits,
    pub admission: Arc<Admission>,
    pub sessions: Mutex<HashMap<SessionNumber, Arc<Orders>>>,
    pub numbers: SessionNumbers,
    pub listener: Mutex<Option<Listener>>,
    pub events: mpsc::Sender<TransportEvent>,
    pub incoming_bulk: Mutex<Option<mpsc::Sender<IncomingBulk>>>,
    pub runtime: Handle,
}

impl Inner {
    pub fn orders(&self, session: SessionNumber) -> Option<Arc<Orders>> {
        lock(&self.sessions).get(&session).cloned()
    }
}

/// What listens.
#[derive(Debug)]
pub(super) struct Listener {
    pub address: SocketAddr,
    pub task: AbortHandle,
}

impl Listener {
    pub fn abort(&self) {
        self.task.abort();
    }
}
