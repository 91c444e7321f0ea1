//! Answers of the local API, and errors among them.

use serde_json::Value;
use tokio::sync::oneshot;

use crate::api::errors::{ErrorKind, RpcError};
use crate::api::methods::{Method, answer};
use crate::store::StoreError;

/// Takes the answer to a call.
pub(super) type Reply = oneshot::Sender<Result<Value, RpcError>>;

/// Answers with what is at hand.
pub(super) fn now<M: Method>(reply: Reply, found: Result<M::Answer, RpcError>) {
    let _ = reply.send(found.and_then(|found| answer::<M>(&found)));
}

/// Answers with what is wrong.
pub(super) fn refuse(reply: Reply, error: RpcError) {
    let _ = reply.send(Err(error));
}

/// The error for an invalid value.
pub(super) fn bad(message: String) -> RpcError {
    RpcError::new(ErrorKind::BadValue, message)
}

/// What the store says, as an error of the call.
pub(super) fn failed(error: StoreError) -> RpcError {
    let kind = match &error {
        StoreError::NoContact { .. } | StoreError::NoMessage { .. } => ErrorKind::NotFound,
        StoreError::NameTaken { .. } => ErrorKind::Conflict,
        StoreError::NotAccepted { .. } => ErrorKind::Refused,
        StoreError::QueueFull { .. } | StoreError::Busy { .. } => ErrorKind::Busy,
        _ => ErrorKind::Internal,
    };
    RpcError::new(kind, error.to_string())
}
