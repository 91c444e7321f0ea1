//! How much a peer may ask and send in a minute. What is beyond is refused by name.

use std::time::Duration;

use super::refusal::Refusal;
use crate::pace::{Pace, cost_us};

/// Microseconds of a minute.
const MINUTE_US: u64 = 60_000_000;

/// Statements and ids of statements that a peer may send unasked in a minute.
pub const UNASKED_PER_MINUTE: u64 = 600;

/// Questions that a peer may ask in a minute.
pub const QUESTIONS_PER_MINUTE: u64 = 600;

/// Bytes that a peer is served in a second, over a minute.
pub const SERVED_BYTES_PER_SECOND: u64 = 4 * 1024 * 1024;

/// What one peer has used of its minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerBudget {
    unasked: Pace,
    questions: Pace,
    served: Pace,
}

impl PeerBudget {
    /// The peer sends something that nobody asked it for: so many statements, or ids of such. The clock is one that
    /// never runs backwards, in microseconds.
    ///
    /// # Errors
    /// If it is too much.
    pub fn unasked(&mut self, statements: u64, now_us: u64) -> Result<(), Refusal> {
        take(&mut self.unasked, statements.saturating_mul(MINUTE_US / UNASKED_PER_MINUTE), now_us)
    }

    /// The peer asks a question.
    ///
    /// # Errors
    /// If it asks too much.
    pub fn question(&mut self, now_us: u64) -> Result<(), Refusal> {
        take(&mut self.questions, MINUTE_US / QUESTIONS_PER_MINUTE, now_us)
    }

    /// So many bytes are to be sent to the peer. Returns how long they have to wait.
    #[must_use]
    pub fn served(&mut self, bytes: u64, now_us: u64) -> Duration {
        self.served.take(cost_us(bytes, SERVED_BYTES_PER_SECOND), MINUTE_US, now_us)
    }
}

/// What is refused costs nothing.
fn take(pace: &mut Pace, cost_us: u64, now_us: u64) -> Result<(), Refusal> {
    // It is the last of the units at hand that has to be on time.
    let mut after = *pace;
    let start_us = pace.next_us().max(now_us.saturating_sub(MINUTE_US));
    after.take(cost_us, MINUTE_US, now_us);
    if start_us.saturating_add(cost_us) > now_us {
        return Err(Refusal::TooFast);
    }
    *pace = after;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_so_many_statements_and_no_more() {
        let mut budget = PeerBudget::default();
        let now_us = 10 * MINUTE_US;
        assert_eq!((0..1000).filter(|_| budget.unasked(1, now_us).is_ok()).count(), UNASKED_PER_MINUTE as usize);
        assert_eq!(budget.unasked(1, now_us), Err(Refusal::TooFast));
        // A tenth of a second later there is room for one.
        let later_us = now_us + MINUTE_US / UNASKED_PER_MINUTE;
        assert_eq!((budget.unasked(1, later_us), budget.unasked(1, later_us)), (Ok(()), Err(Refusal::TooFast)));
    }

    #[test]
    fn what_is_refused_costs_nothing_and_one_purse_is_not_the_other() {
        let mut budget = PeerBudget::default();
        let now_us = 10 * MINUTE_US;
        assert_eq!(budget.unasked(UNASKED_PER_MINUTE + 1, now_us), Err(Refusal::TooFast));
        assert_eq!(budget.unasked(UNASKED_PER_MINUTE, now_us), Ok(()));
        assert_eq!(budget.unasked(u64::MAX, now_us), Err(Refusal::TooFast));
        assert_eq!((0..1000).filter(|_| budget.question(now_us).is_ok()).count(), QUESTIONS_PER_MINUTE as usize);
    }

    #[test]
    fn what_is_served_waits_instead() {
        let mut budget = PeerBudget::default();
        let now_us = 10 * MINUTE_US;
        assert_eq!(budget.served(60 * SERVED_BYTES_PER_SECOND, now_us), Duration::ZERO);
        assert_eq!(budget.served(SERVED_BYTES_PER_SECOND, now_us), Duration::ZERO);
        assert_eq!(budget.served(1, now_us), Duration::from_secs(1));
    }
}
