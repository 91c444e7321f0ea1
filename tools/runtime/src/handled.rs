//! The result of an input: how many deliveries it caused and how each ended. The bus returns it from every call,
//! recorder or not, so a program sees at once if something was unexpected.

use crate::record::{Fault, Outcome};
use crate::value::Faults;

/// The result of an input, with all that followed from it.
///
/// ```
/// use automata_runtime::{Handled, Outcome};
///
/// // In a program, `Bus::receive` returns it.
/// let handled = Handled::default();
/// assert_eq!(handled.outcome(), None);
/// assert!(handled.is_clean() && handled.count(Outcome::Unexpected) == 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Handled {
    outcome: Option<Outcome>,
    faults: Faults,
    deliveries: u32,
    violations: u32,
    counts: [u32; Outcome::ALL.len()],
}

impl Handled {
    /// The outcome of the message itself. None for the passing of time and the system's start, which are many messages
    /// or none, and for an observation that reached nobody.
    #[must_use]
    pub const fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }

    /// How many deliveries there were: the message's own, those of timers that were due, and all that followed.
    #[must_use]
    pub const fn deliveries(&self) -> u32 {
        self.deliveries
    }

    /// How many deliveries and raised events had this outcome.
    #[must_use]
    pub const fn count(&self, outcome: Outcome) -> u32 {
        self.counts[outcome as usize]
    }

    /// What went wrong in any of the deliveries, each fault once.
    pub fn faults(&self) -> impl Iterator<Item = Fault> {
        self.faults.iter()
    }

    /// How many properties are violated since these deliveries, if the generated Rust looks at properties.
    /// [`crate::Bus::violated`] says which.
    #[must_use]
    pub const fn violations(&self) -> u32 {
        self.violations
    }

    /// Whether everything delivered was handled, ignored or kept as the definitions say, and nothing went wrong: no
    /// outcome is `unexpected`, `no_such_instance`, `already_there` or `defer_full`, there is no fault, and no property
    /// was violated.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.faults.is_empty()
            && self.violations == 0
            && Outcome::ALL.iter().all(|&outcome| outcome.is_intended() || self.count(outcome) == 0)
    }

    /// The same, without its own outcome, until the next delivery.
    #[must_use]
    pub(crate) const fn of_no_message(mut self) -> Self {
        self.outcome = None;
        self
    }

    /// Both together; the outcome is this one's.
    #[must_use]
    pub(crate) fn after(mut self, before: &Self) -> Self {
        self.faults.note_all(before.faults);
        self.deliveries += before.deliveries;
        self.violations = self.violations.saturating_add(before.violations);
        for (count, before) in self.counts.iter_mut().zip(before.counts) {
            *count = count.saturating_add(before);
        }
        self
    }

    #[inline]
    pub(crate) fn note(&mut self, outcome: Outcome, faults: Faults) {
        if self.outcome.is_none() {
            self.outcome = Some(outcome);
        }
        self.faults.note_all(faults);
        self.deliveries += 1;
        self.counts[outcome as usize] += 1;
    }

    #[cold]
    pub(crate) fn note_violations(&mut self, count: usize) {
        self.violations = self.violations.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
    }

    #[inline]
    pub(crate) fn note_raised(&mut self, outcome: Outcome) {
        self.counts[outcome as usize] += 1;
    }
}
