//! How fast something may go: the generic cell rate algorithm (ITU-T I.371).

use std::time::Duration;

/// When the next unit would be on time, in microseconds of a clock that never runs backwards. Each use of it has a rate:
/// the time that a unit costs, and how much of it may be saved up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    next_us: u64,
}

impl Pace {
    /// Takes something that costs so many microseconds. Returns how long it has to wait; what was not used before is
    /// saved up, up to `saved_us`.
    pub fn take(&mut self, cost_us: u64, saved_us: u64, now_us: u64) -> Duration {
        let due_us = self.next_us.max(now_us.saturating_sub(saved_us));
        self.next_us = due_us.saturating_add(cost_us);
        Duration::from_micros(due_us.saturating_sub(now_us))
    }

    /// What the next unit would have to wait for longer than that is forgotten.
    pub fn forgive(&mut self, longest_us: u64, now_us: u64) {
        self.next_us = self.next_us.min(now_us.saturating_add(longest_us));
    }

    /// When the next unit is on time.
    #[must_use]
    pub fn next_us(self) -> u64 {
        self.next_us
    }
}

/// What so many bytes cost at a rate, in microseconds. A rate of 0 counts as 1.
#[must_use]
pub fn cost_us(bytes: u64, bytes_per_second: u64) -> u64 {
    let cost_us = u128::from(bytes) * 1_000_000 / u128::from(bytes_per_second.max(1));
    u64::try_from(cost_us).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_up_goes_at_once_and_the_rest_waits_for_its_time() {
        let mut pace = Pace::default();
        let mut waits = |now_us, count: usize| -> Vec<u128> {
            (0..count).map(|_| pace.take(cost_us(500, 1_000), 1_000_000, now_us).as_millis()).collect()
        };
        assert_eq!(waits(10_000_000, 5), [0, 0, 0, 500, 1_000]);
        assert_eq!(waits(20_000_000, 4), [0, 0, 0, 500], "no more than a second is saved up");
    }

    #[test]
    fn no_number_is_too_large() {
        let mut pace = Pace::default();
        assert_eq!(pace.take(cost_us(u64::MAX, 0), 0, 1), Duration::ZERO);
        assert_eq!((pace.next_us(), cost_us(u64::MAX, u64::MAX)), (u64::MAX, 1_000_000));
    }
}
