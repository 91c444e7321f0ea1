//! How much may be done for a picture.

/// The budget of a picture, and what was used: counted, not timed, so that it is the same everywhere.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// Steps that are left.
    pub(super) pivots: usize,
    /// Steps that were made: pivots of network simplex, and sweeps over eight lines.
    pub done: usize,
}

/// Steps for a whole picture.
pub(super) const STEPS: usize = 60_000;

impl Default for Work {
    fn default() -> Self {
        Work { pivots: STEPS, done: 0 }
    }
}

impl Work {
    pub(super) fn spend(&mut self, steps: usize) {
        self.done += steps;
        self.pivots = self.pivots.saturating_sub(steps);
    }
}
