//! The queue of messages.

use std::collections::VecDeque;

use super::delivery::{Address, Message};
use crate::model::AutomatonId;

/// Whom a message is for.
#[derive(Clone, Debug)]
pub(super) enum Destination {
    /// The instance that has the key when its turn comes: events and starts.
    Address(Address),
    /// That instance only: observations and timers, which mean nothing to a later one of the same key.
    Instance(AutomatonId, u64),
}

/// A message on its way.
#[derive(Clone, Debug)]
pub(super) struct Queued {
    pub to: Destination,
    pub message: Message,
    pub cause: Option<u64>,
    /// Its instance was just started for it, so it starts no other.
    pub started: bool,
}

/// Messages in total order.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    pub messages: VecDeque<Queued>,
    pub limit: usize,
}

impl Queue {
    /// Returns false if it is full, and the message is lost.
    pub fn push(&mut self, to: Destination, message: Message, cause: Option<u64>) -> bool {
        let fits = self.messages.len() < self.limit;
        if fits {
            self.messages.push_back(Queued { to, message, cause, started: false });
        }
        fits
    }

    /// Messages on their way.
    pub fn len(&self) -> usize {
        self.messages.len()
    }
}
