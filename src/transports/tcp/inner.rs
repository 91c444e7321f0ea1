//! What the tasks of the transport share.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::task::AbortHandle;

use super::handshake::SessionKeys;
use crate::transports::sessions::Shared;

/// What the tasks of the transport share.
#[derive(Debug)]
pub(super) struct Inner {
    pub shared: Arc<Shared>,
    pub keys: SessionKeys,
    pub listener: Mutex<Option<Listener>>,
}

/// What listens.
#[derive(Debug)]
pub(super) struct Listener {
    pub address: SocketAddr,
    pub task: AbortHandle,
}
