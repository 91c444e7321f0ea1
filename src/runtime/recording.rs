//! The trace of this run: what the bus recorded goes to the ring on disk, which may fail without harm to the node.

use std::path::{Path, PathBuf};

use automata_runtime::trace::{Header, Lines, left_out, opening};

use crate::api::feeds::Feeds;
use crate::home::config::Settings;
use crate::home::entropy::random;
use crate::identity::NodeId;
use crate::node::Node;
use crate::traces::{Limits, Ring};

use super::trace_budget::{Charged, Parts, Source, TraceBudget};

/// What was recorded is handed to the system at the latest after so long, and what was left out is written down.
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

/// What was left out is written down once so many instances may have changed: the line says what each of them is now.
const INSTANCES_LEFT_OUT: usize = 256;

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
    /// How much others may fill.
    budget: TraceBudget,
    /// Who has caused the input at hand, and how much was recorded before it.
    at_hand: Option<(Source, usize)>,
    /// Who is being left out; of several the last.
    left_out: Option<Source>,
    /// Who wants to see the lines as they are written.
    feeds: Feeds,
    /// Bytes that were told.
    told: u64,
}

impl Recording {
    /// A trace below that folder. As long as there can be none, the node runs without.
    #[must_use]
    pub fn open(folder: &Path, settings: &Settings, me: &NodeId, started_unix_ms: u64, feeds: Feeds) -> Self {
        let limits =
            Limits { files: settings.traces.files, file_bytes: settings.traces.file_size, ..Limits::default() };
        let header = Header {
            program: concat!("bitpie ", env!("CARGO_PKG_VERSION")).to_owned(),
            network: settings.node.network.clone(),
            node: me.to_string(),
            started_unix_ms,
        };
        let mut recording = Self {
            ring: None,
            folder: folder.to_owned(),
            limits,
            header,
            flush_due_ms: None,
            problem: None,
            retry_ms: None,
            budget: TraceBudget::new(Parts::default()),
            at_hand: None,
            left_out: None,
            feeds,
            told: 0,
        };
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

    /// Something is about to happen, because of somebody else or not: it is recorded, or left out if there is no room
    /// for it.
    pub fn before(&mut self, node: &mut Node<Recorder>, charged: Option<Charged>, now_ms: u64) {
        self.at_hand = None;
        if let Some((source, _)) = charged.filter(|charged| !self.budget.has_room(*charged, now_ms)) {
            if let Some(lines) = node.recorder_mut() {
                lines.leave_out(&source.to_string());
                self.left_out = Some(source);
            }
            return;
        }
        self.write_left_out(node, now_ms);
        if let (Some((source, _)), Some(lines)) = (charged, node.recorder_mut()) {
            self.at_hand = Some((source, lines.bytes().len()));
        }
    }

    /// It has happened.
    pub fn after(&mut self, node: &mut Node<Recorder>, now_ms: u64) {
        if let (Some((source, before)), Some(lines)) = (self.at_hand.take(), node.recorder_mut()) {
            self.budget.charge(source, lines.bytes().len().saturating_sub(before), now_ms);
        }
    }

    /// Says in the trace what was left out, and records again.
    fn write_left_out(&mut self, node: &mut Node<Recorder>, now_ms: u64) {
        let Some(source) = self.left_out.take() else { return };
        let Some(span) = node.recorder_mut().as_mut().and_then(Lines::take_left_out) else { return };
        let mut line = Vec::new();
        left_out(node.bus(), &span, &mut line);
        self.budget.charge(source, line.len(), now_ms);
        if let Some(lines) = node.recorder_mut() {
            lines.append(&line);
        }
    }

    /// Takes what was recorded since the last time. To be called when the bus has nothing under way.
    pub fn take(&mut self, node: &mut Node<Recorder>, now_ms: u64) {
        if node.recorder_mut().is_none() {
            return;
        }
        self.try_again_by_and_by(now_ms);
        let is_much = |lines: &Lines| lines.left_out().is_some_and(|span| span.instances() >= INSTANCES_LEFT_OUT);
        if node.recorder_mut().as_ref().is_some_and(is_much) {
            self.write_left_out(node, now_ms);
        }
        self.hand_to_ring(node);
        if self.ring.as_ref().is_some_and(Ring::needs_opening) {
            // The file that ends says it, and the snapshot of the next holds what came of it.
            self.write_left_out(node, now_ms);
            self.hand_to_ring(node);
        }
        let Some(ring) = &mut self.ring else { return };
        if ring.needs_opening() {
            let was_paused = ring.is_paused();
            let mut beginning = Vec::new();
            opening(node.bus(), &self.header, &mut beginning);
            let begun = ring.begin(&beginning).inspect_err(told);
            if was_paused && begun.is_ok() && !ring.is_paused() {
                tracing::info!("the trace of this run is kept again");
            }
        }
        if ring.holds_back() || self.left_out.is_some() {
            let due_ms = *self.flush_due_ms.get_or_insert(now_ms + FLUSH_INTERVAL_MS);
            if now_ms >= due_ms {
                self.hand_over(node, now_ms);
            }
        } else {
            self.flush_due_ms = None;
        }
    }

    /// Hands lines to the ring, or drops them if there is none.
    fn hand_to_ring(&mut self, node: &mut Node<Recorder>) {
        let Some(lines) = node.recorder_mut().as_mut().filter(|lines| !lines.bytes().is_empty()) else { return };
        if let Some(ring) = &mut self.ring {
            let _ = ring.write(lines.bytes()).inspect_err(told);
        }
        self.feeds.recorded(self.told, lines.bytes());
        self.told += lines.bytes().len() as u64;
        lines.clear();
    }

    /// How everything stands, as a trace begins; and how many bytes of the trace were told before. To be called when the
    /// bus has nothing under way.
    pub fn snapshot(&mut self, node: &mut Node<Recorder>) -> (String, u64) {
        self.hand_to_ring(node);
        let mut lines = Vec::new();
        opening(node.bus(), &self.header, &mut lines);
        (String::from_utf8(lines).expect("a trace is UTF-8"), self.told)
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

    /// Hands what was recorded to the system, and says what was left out.
    pub fn hand_over(&mut self, node: &mut Node<Recorder>, now_ms: u64) {
        self.write_left_out(node, now_ms);
        self.hand_to_ring(node);
        self.flush();
    }

    fn flush(&mut self) {
        self.flush_due_ms = None;
        if let Some(ring) = &mut self.ring {
            let _ = ring.flush().inspect_err(told);
        }
    }

    /// The trace ends in good order.
    pub fn end(&mut self, node: &mut Node<Recorder>, now_ms: u64) {
        self.take(node, now_ms);
        self.hand_over(node, now_ms);
        if let Some(ring) = &mut self.ring {
            let _ = ring.end().inspect_err(told);
        }
    }
}

fn told(error: &std::io::Error) {
    tracing::warn!(%error, "the trace of this run is not kept");
}
