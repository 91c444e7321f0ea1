//! How fast frames of a session are dealt with. What comes faster is not read: a frame that is over the rate holds its
//! place among those that wait (`transports::Waiting`) until its time has come.

use std::collections::HashMap;
use std::time::Duration;

use crate::pace::Pace;

use super::holds::Holds;

/// So many frames in a second, after so many at once.
#[derive(Clone, Copy, Debug)]
struct Rate {
    per_second: u64,
    burst: u64,
}

/// Frames that are no packets. An honest peer sends a handful in a session's first second, and then one in some seconds.
const CONTROL: Rate = Rate { per_second: 20, burst: 64 };

/// Packets of a stranger, who may have some messages waiting, and nothing else to say.
const PACKETS_OF_STRANGERS: Rate = Rate { per_second: 20, burst: 128 };

/// Packets of whom our user has named.
const PACKETS_OF_FRIENDS: Rate = Rate { per_second: 4_000, burst: 8_000 };

/// The clock that is asked begins at 0 with the node, and a session has its whole burst at once even then: more than any
/// rate saves up, in microseconds.
const BEFORE_THE_START_US: u64 = 60_000_000;

impl Rate {
    /// A frame has come. Returns how long it has to wait.
    fn take(self, pace: &mut Pace, now_us: u64) -> Duration {
        let interval_us = 1_000_000 / self.per_second;
        let now_us = now_us.saturating_add(BEFORE_THE_START_US);
        pace.take(interval_us, self.burst.saturating_sub(1) * interval_us, now_us)
    }
}

/// The rates of all sessions.
#[derive(Default)]
pub struct Rates {
    sessions: HashMap<u64, [Pace; 2]>,
    /// Frames that came too early.
    pub holds: Holds,
}

impl Rates {
    /// A frame has come by that session. For how long it has to hold its place, if at all.
    pub fn take(&mut self, session: u64, is_packet: bool, is_friend: bool, now_us: u64) -> Option<Duration> {
        let [control, packets] = self.sessions.entry(session).or_default();
        let wait = match (is_packet, is_friend) {
            (false, _) => CONTROL.take(control, now_us),
            (true, false) => PACKETS_OF_STRANGERS.take(packets, now_us),
            (true, true) => PACKETS_OF_FRIENDS.take(packets, now_us),
        };
        (!wait.is_zero()).then_some(wait)
    }

    /// The session has ended.
    pub fn forget(&mut self, session: u64) {
        self.sessions.remove(&session);
        self.holds.forget(session);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_through_and_what_follows_waits_for_its_time() {
        let mut rates = Rates::default();
        for _ in 0..CONTROL.burst {
            assert_eq!(rates.take(1, false, false, 5_000_000), None);
        }
        let interval = Duration::from_millis(1_000 / CONTROL.per_second);
        assert_eq!(rates.take(1, false, false, 5_000_000), Some(interval));
        assert_eq!(rates.take(1, false, false, 5_000_000), Some(2 * interval));
        // Another kind, and another session, are not held up by it.
        assert_eq!(rates.take(1, true, false, 5_000_000), None);
        assert_eq!(rates.take(3, false, false, 5_000_000), None);
        // Who was silent for long has a burst again, and not more.
        let later = 3_600_000_000;
        let at_once = (0..1_000).filter(|_| rates.take(1, false, false, later).is_none()).count();
        assert_eq!(at_once as u64, CONTROL.burst);
    }

    #[test]
    fn the_first_frames_after_the_start_have_one_burst_like_any_other() {
        let mut rates = Rates::default();
        let at_once = (0..1_000).filter(|_| rates.take(1, true, false, 0).is_none()).count();
        assert_eq!(at_once as u64, PACKETS_OF_STRANGERS.burst);
    }
}
