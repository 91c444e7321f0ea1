//! How fast bytes are passed on.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Bytes may come so much ahead of their time, so that what is short is not held up.
const AHEAD: Duration = Duration::from_secs(1);

/// So many bytes in a second, of both directions together (the generic cell rate algorithm, ITU-T I.371).
#[derive(Debug)]
pub(super) struct Pace {
    bytes_per_second: u64,
    next: Instant,
}

impl Pace {
    pub(super) fn new(bytes_per_second: u64) -> Self {
        Self { bytes_per_second: bytes_per_second.max(1), next: Instant::now() }
    }

    /// These bytes are to go. When they may.
    pub(super) fn take(&mut self, bytes: usize) -> Instant {
        let now = Instant::now();
        let due = self.next.max(now);
        let nanoseconds = u128::from(1_000_000_000_u32) * bytes as u128 / u128::from(self.bytes_per_second);
        self.next = due + Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX));
        due.checked_sub(AHEAD).map_or(now, |earliest| earliest.max(now))
    }
}

/// Until then.
pub(super) async fn until(due: Instant) {
    if due > Instant::now() {
        sleep_until(due).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_s_worth_goes_at_once_and_then_no_more_than_the_rate() {
        let mut pace = Pace::new(1_000);
        let begun = pace.next;
        let due: Vec<Instant> = (0..50).map(|_| pace.take(100)).collect();
        assert!(due[9] < begun + Duration::from_millis(100), "they go at once");
        let last = due[49] - begun;
        assert!(last >= Duration::from_millis(3_900) && last < Duration::from_millis(4_000), "{last:?}");
    }
}
