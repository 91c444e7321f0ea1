//! The trace of this run: what the bus recorded goes to the ring on disk, which may fail without harm to the node.

use std::path::Path;

use automata_runtime::trace::{Header, Lines, opening};

use crate::home::config::Settings;
use crate::home::entropy::random;
use crate::identity::NodeId;
use crate::node::Node;
use crate::traces::{Limits, Ring};

/// What was recorded is handed to the system at the latest after so long.
const FLUSH_INTERVAL_MS: u64 = 1_000;

/// Where deliveries are recorded until they go to the ring; nothing is only for measuring what that costs.
pub type Recorder = Option<Lines>;

/// What records, with a key of its own for this run.
#[must_use]
pub fn recorder() -> Recorder {
    Some(Lines::new(random()))
}

/// The ring on disk, if there is one.
pub struct Recording {
    ring: Option<Ring>,
    header: Header,
    flush_due_ms: Option<u64>,
}

impl Recording {
    /// A trace below that folder. If there can be none, the node runs without.
    #[must_use]
    pub fn open(folder: &Path, settings: &Settings, me: &NodeId, started_unix_ms: u64) -> Self {
        let limits =
            Limits { files: settings.traces.files, file_bytes: settings.traces.file_size, ..Limits::default() };
        let ring = Ring::open(folder, limits).inspect_err(told).ok();
        let header = Header {
            program: concat!("bitpie ", env!("CARGO_PKG_VERSION")).to_owned(),
            network: settings.node.network.clone(),
            node: me.to_string(),
            started_unix_ms,
        };
        Self { ring, header, flush_due_ms: None }
    }

    /// Takes what was recorded since the last time. To be called when the bus has nothing under way.
    pub fn take(&mut self, node: &mut Node<Recorder>, now_ms: u64) {
        let Some(lines) = node.recorder_mut() else { return };
        let Some(ring) = &mut self.ring else {
            lines.clear();
            return;
        };
        if !lines.bytes().is_empty() {
            let _ = ring.write(lines.bytes()).inspect_err(told);
            lines.clear();
        }
        if ring.needs_opening() {
            let mut beginning = Vec::new();
            opening(node.bus(), &self.header, &mut beginning);
            let _ = ring.begin(&beginning).inspect_err(told);
        }
        if ring.holds_back() {
            let due_ms = *self.flush_due_ms.get_or_insert(now_ms + FLUSH_INTERVAL_MS);
            if now_ms >= due_ms {
                self.flush();
            }
        } else {
            self.flush_due_ms = None;
        }
    }

    /// When what was recorded has to be handed to the system, in milliseconds since the node was started.
    #[must_use]
    pub fn flush_due_ms(&self) -> Option<u64> {
        self.flush_due_ms
    }

    /// Hands what was recorded to the system.
    pub fn flush(&mut self) {
        self.flush_due_ms = None;
        if let Some(ring) = &mut self.ring {
            let _ = ring.flush().inspect_err(told);
        }
    }

    /// The trace ends in good order.
    pub fn end(&mut self) {
        if let Some(ring) = &mut self.ring {
            let _ = ring.end().inspect_err(told);
        }
    }
}

fn told(error: &std::io::Error) {
    tracing::warn!(%error, "the trace of this run is not kept");
}
