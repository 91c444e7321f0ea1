//! The timers that run, in the order in which they are due.

use std::collections::{BTreeMap, BTreeSet};

use super::instances::Running;
use crate::model::{AutomatonId, TimerId};

/// Pending timers of all instances, by deadline, then by the order of their start.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    pending: BTreeMap<(u64, u64), (AutomatonId, u64, TimerId)>,
    started: u64,
}

impl Timers {
    /// How many have been started so far: the number of the next start.
    pub fn starts(&self) -> u64 {
        self.started
    }

    /// Returns the number of this start.
    pub fn start(&mut self, deadline_ms: u64, automaton: AutomatonId, number: u64, timer: TimerId) -> u64 {
        let order = self.started;
        self.started += 1;
        self.pending.insert((deadline_ms, order), (automaton, number, timer));
        order
    }

    /// Likewise with its own number; later starts come after it.
    pub fn resume(&mut self, running: Running, automaton: AutomatonId, number: u64) {
        self.started = self.started.max(running.order.saturating_add(1));
        self.pending.insert((running.deadline_ms, running.order), (automaton, number, running.timer));
    }

    /// The next start has that number, unless a later one has been made already.
    pub fn continue_at(&mut self, order: u64) {
        self.started = self.started.max(order);
    }

    /// The numbers of those that run.
    pub fn orders(&self) -> BTreeSet<u64> {
        self.pending.keys().map(|&(_, order)| order).collect()
    }

    /// The same start, due again then.
    pub fn repeat(&mut self, deadline_ms: u64, order: u64, automaton: AutomatonId, number: u64, timer: TimerId) {
        self.pending.insert((deadline_ms, order), (automaton, number, timer));
    }

    pub fn stop(&mut self, deadline_ms: u64, order: u64) {
        self.pending.remove(&(deadline_ms, order));
    }

    /// The next one, whenever it is due.
    pub fn first(&self) -> Option<(u64, (AutomatonId, u64, TimerId))> {
        self.pending.first_key_value().map(|(&(deadline_ms, _), &timer)| (deadline_ms, timer))
    }

    pub fn iter(&self) -> impl Iterator<Item = (u64, (AutomatonId, u64, TimerId))> {
        self.pending.iter().map(|(&(deadline_ms, _), &timer)| (deadline_ms, timer))
    }
}
