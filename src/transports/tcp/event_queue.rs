//! Events of a session on their way to whoever takes them: one at a time, and the session waits while there is no room
//! for it.

use std::task::{Context, Poll};

use tokio::sync::mpsc::{Sender, error::TrySendError};
use tokio::time::Instant;
use tokio_util::sync::PollSender;

use crate::transports::sessions::KEEP_ALIVE_INTERVAL;
use crate::transports::{SessionNumber, TransportEvent};

/// What is to be told of a session.
#[derive(Default)]
pub(super) struct EventQueue {
    waiting: Option<TransportEvent>,
    keep_alive: bool,
    last_keep_alive: Option<Instant>,
    /// There was no room: a place in the queue of those who wait for it.
    sender: Option<PollSender<TransportEvent>>,
    is_orphaned: bool,
}

impl EventQueue {
    /// Whether the next event can be put in.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_none()
    }

    /// Whether nobody takes the events any more.
    pub(super) fn is_orphaned(&self) -> bool {
        self.is_orphaned
    }

    /// The next event; the last one must be gone.
    pub(super) fn put(&mut self, event: TransportEvent) {
        debug_assert!(self.waiting.is_none(), "an event would be lost");
        self.waiting = Some(event);
    }

    pub(super) fn note_keep_alive(&mut self) {
        let now = Instant::now();
        if self.last_keep_alive.is_none_or(|last| now >= last + KEEP_ALIVE_INTERVAL) {
            self.last_keep_alive = Some(now);
            self.keep_alive = true;
        }
    }

    /// Hands over what waits. Whether there is room for the next.
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
        events: &Sender<TransportEvent>,
        session: SessionNumber,
    ) -> bool {
        loop {
            let Some(event) = self.waiting.take() else {
                if !std::mem::take(&mut self.keep_alive) {
                    return true;
                }
                self.waiting = Some(TransportEvent::KeepAlive { session });
                continue;
            };
            let Some(sender) = &mut self.sender else {
                match events.try_send(event) {
                    Ok(()) => {}
                    Err(TrySendError::Full(event)) => {
                        self.waiting = Some(event);
                        self.sender = Some(PollSender::new(events.clone()));
                    }
                    Err(TrySendError::Closed(_)) => self.is_orphaned = true,
                }
                continue;
            };
            match sender.poll_reserve(context) {
                Poll::Ready(Ok(())) => {
                    self.is_orphaned |= sender.send_item(event).is_err();
                    self.sender = None;
                }
                Poll::Ready(Err(_)) => {
                    self.is_orphaned = true;
                    self.sender = None;
                }
                Poll::Pending => {
                    self.waiting = Some(event);
                    return false;
                }
            }
        }
    }
}
