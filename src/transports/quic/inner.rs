//! What the tasks of the transport share.

use std::sync::{Arc, Mutex};

use super::caller_proof::HeardCalls;
use super::endpoint::Endpoint;
use super::tls::TlsIdentity;
use crate::transports::sessions::Shared;

/// What the tasks of the transport share.
#[derive(Debug)]
pub(super) struct Inner {
    pub shared: Arc<Shared>,
    pub identity: TlsIdentity,
    pub unix_ms: fn() -> u64,
    pub heard: Mutex<HeardCalls>,
    /// The socket by which sessions are dialled and, while it listens, accepted.
    pub endpoint: Mutex<Option<Endpoint>>,
}
