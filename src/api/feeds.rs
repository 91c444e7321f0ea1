//! What happens in the node, for those who want to be told: counters that change, and the lines of the trace.

use std::sync::Arc;

use tokio::sync::{broadcast, watch};

/// Pieces of the trace that a subscriber may be behind; who is further behind begins again with a snapshot.
const PIECES_BEHIND: usize = 256;

/// A piece of the trace: whole lines, and how many bytes were told before it.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Bytes before it, since the start of the node.
    pub position: u64,
    /// Whole lines.
    pub lines: Arc<[u8]>,
}

/// Tells, and lets others listen. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Feeds {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    conversations: watch::Sender<u64>,
    node: watch::Sender<u64>,
    automata: broadcast::Sender<Piece>,
}

impl Default for Feeds {
    fn default() -> Self {
        let inner = Inner {
            conversations: watch::Sender::new(0),
            node: watch::Sender::new(0),
            automata: broadcast::Sender::new(PIECES_BEHIND),
        };
        Self { inner: Arc::new(inner) }
    }
}

impl Feeds {
    /// Is another number whenever messages, contacts or their states have changed.
    #[must_use]
    pub fn conversations(&self) -> watch::Receiver<u64> {
        self.inner.conversations.subscribe()
    }

    /// Is another number whenever something has happened in the node.
    #[must_use]
    pub fn node(&self) -> watch::Receiver<u64> {
        self.inner.node.subscribe()
    }

    /// The lines of the trace from now on.
    #[must_use]
    pub fn automata(&self) -> broadcast::Receiver<Piece> {
        self.inner.automata.subscribe()
    }

    /// Messages, contacts or their states have changed.
    pub fn conversations_changed(&self) {
        self.inner.conversations.send_modify(|count| *count += 1);
    }

    /// Something has happened in the node. Costs nothing if nobody listens.
    pub fn node_changed(&self) {
        if self.inner.node.receiver_count() > 0 {
            self.inner.node.send_modify(|count| *count += 1);
        }
    }

    /// Lines of the trace were written. Costs nothing if nobody listens.
    pub fn recorded(&self, position: u64, lines: &[u8]) {
        if self.inner.automata.receiver_count() > 0 {
            // Nobody there any more is no failure.
            let _ = self.inner.automata.send(Piece { position, lines: lines.into() });
        }
    }
}
