//! The trace of this run: what the bus recorded goes to the ring on disk, which may fail without harm to the node.

use std::path::{Path, PathBuf};

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

/// What cannot be kept is tried again after so long.
const RETRY_INTERVAL_MS: u64 = 10_000;

/// The ring on disk, if there can be one.
pub struct Recording {
    ring: Option<Ring>,
    folder: PathBuf,
    limits: Limits,
    header: Header,
    flush_due_ms: Option<u64>,
    /// Why there is no ring.
    problem: Option<String>,
    /// When to try again, while nothing is kept.
    retry_ms: Option<u64>,
}

impl Recording {
    /// A trace below that folder. As long as there can be none, the node runs without.
    #[must_use]
    pub fn open(folder: &Path, settings: &Settings, me: &NodeId, started_unix_ms: u64) -> Self {
        let limits =
            Limits { files: settings.traces.files, file_bytes: settings.traces.file_size, ..Limits::default() };
        let header = Header {
            program: concat!("bitpie ", env!("CARGO_PKG_VERSION")).to_owned(),
            network: settings.node.network.clone(),
            node: me.to_string(),
            started_unix_ms,
        };
        let (folder, flush_due_ms) = (folder.to_owned(), None);
        let mut recording = Self { ring: None, folder, limits, header, flush_due_ms, problem: None, retry_ms: None };
        recording.open_ring();
        recording
    }

    fn open_ring(&mut self) {
        match Ring::open(&self.folder, self.limits) {
            Ok(ring) => (self.ring, self.problem) = (Some(ring), None),
            Err(error) => {
                // Told once, and not at each further attempt.
                if self.problem.is_none() {
                    told(&error);
                }
                self.problem = Some(error.to_string());
            }
        }
    }

    /// Takes what was recorded since the last time. To be called when the bus has nothing under way.
    pub fn take(&mut self, node: &mut Node<Recorder>, now_ms: u64) {
        if node.recorder_mut().is_none() {
            return;
        }
        self.try_again_by_and_by(now_ms);
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
            let was_paused = ring.is_paused();
            let mut beginning = Vec::new();
            opening(node.bus(), &self.header, &mut beginning);
            let begun = ring.begin(&beginning).inspect_err(told);
            if was_paused && begun.is_ok() && !ring.is_paused() {
                tracing::info!("the trace of this run is kept again");
            }
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

    /// Whatever keeps a trace from being kept may be over: somebody has made room, or put the folder back.
    fn try_again_by_and_by(&mut self, now_ms: u64) {
        if self.ring.as_ref().is_some_and(|ring| !ring.is_paused()) {
            self.retry_ms = None;
            return;
        }
        if now_ms < *self.retry_ms.get_or_insert(now_ms + RETRY_INTERVAL_MS) {
            return;
        }
        self.retry_ms = None;
        match &mut self.ring {
            Some(ring) => ring.try_again(),
            None => self.open_ring(),
        }
    }

    /// Why no trace is kept now, as far as it is known when all was handed over; looks.
    pub fn problem(&mut self) -> Option<&str> {
        self.flush();
        self.ring.as_ref().map_or(self.problem.as_deref(), Ring::problem)
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
