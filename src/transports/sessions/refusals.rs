//! Connections that are refused: counted, and told now and then, so that a flood of them makes few events.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;

use super::shared::Shared;
use crate::transports::{RefusedWhy, TransportEvent};

/// Refusals are told not more often than this.
const REFUSED_INTERVAL: Duration = Duration::from_millis(250);

/// Refusals that have not been told yet.
#[derive(Default)]
pub(in crate::transports) struct Refusals {
    waiting: Vec<(RefusedWhy, SocketAddr, u64)>,
    due: Option<Instant>,
}

impl Refusals {
    /// When to tell them, if there are any.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// One more.
    pub fn count(&mut self, shared: &Shared, why: RefusedWhy, remote: SocketAddr) {
        match self.waiting.iter_mut().find(|(known, ..)| *known == why) {
            Some((_, last, count)) => {
                *last = remote;
                *count += 1;
            }
            None => self.waiting.push((why, remote, 1)),
        }
        let now = Instant::now();
        let due = *self.due.get_or_insert(now + REFUSED_INTERVAL);
        // Under a flood there is always something to accept, and never a time-out.
        if due <= now {
            self.tell(shared);
        }
    }

    /// What there is no room for is told with the next.
    pub fn tell(&mut self, shared: &Shared) {
        self.waiting.retain(|&(why, remote, count)| {
            shared.events.try_send(TransportEvent::Refused { remote, why, count }).is_err()
        });
        self.due = (!self.waiting.is_empty()).then(|| Instant::now() + REFUSED_INTERVAL);
    }
}
