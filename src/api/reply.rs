//! Takes the answer to a request of the local API.

use std::marker::PhantomData;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::oneshot;

use super::errors::{ErrorKind, RpcError};

/// Takes one answer of type `A`, or an error. Dropping it without either tells the caller that the node is stopping.
#[derive(Debug)]
pub struct Reply<A> {
    sender: oneshot::Sender<Result<Value, RpcError>>,
    answer: PhantomData<fn(A)>,
}

impl<A: Serialize> Reply<A> {
    pub(super) fn new(sender: oneshot::Sender<Result<Value, RpcError>>) -> Self {
        Self { sender, answer: PhantomData }
    }

    /// Answers.
    pub fn give(self, answer: Result<A, RpcError>) {
        // Nobody is told whether the caller still listens: there is nothing to be done about it.
        let _ = self.sender.send(answer.and_then(|answer| to_json(&answer)));
    }

    /// Says what is wrong.
    pub fn refuse(self, error: RpcError) {
        let _ = self.sender.send(Err(error));
    }

    /// Nobody waits for the answer any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}

pub(super) fn to_json(answer: &impl Serialize) -> Result<Value, RpcError> {
    let no_json = |error| RpcError::new(ErrorKind::Internal, format!("an answer cannot be written as JSON: {error}"));
    serde_json::to_value(answer).map_err(no_json)
}
