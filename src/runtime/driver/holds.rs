//! Frames that came too early: each holds its place among those of its session that wait (`transports::Waiting`) until
//! its time has come, the session ends, or the limit is another one.

use std::collections::BTreeMap;

use super::tasks::Cause;

/// Why a frame holds its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Frames of its session come too fast.
    Rate,
    /// More bytes come than `services/gateway/download` allows.
    Download,
}

/// Frames that hold their places. There are no more than a session may have waiting, for each session.
#[derive(Default)]
pub struct Holds {
    /// By when they are due, in microseconds since the start; those of the same moment in their order.
    due: BTreeMap<(u64, u64), Hold>,
    numbers: u64,
}

struct Hold {
    session: u64,
    why: Why,
    /// Given back when this is dropped.
    _place: Cause,
}

impl Holds {
    /// A frame of that session holds its place until then.
    pub fn hold(&mut self, session: u64, why: Why, due_us: u64, place: Cause) {
        self.numbers += 1;
        self.due.insert((due_us, self.numbers), Hold { session, why, _place: place });
    }

    /// When the next one gives its place back.
    #[must_use]
    pub fn due_us(&self) -> Option<u64> {
        self.due.first_key_value().map(|((due_us, _), _)| *due_us)
    }

    /// Those whose time has come give their places back.
    pub fn release_due(&mut self, now_us: u64) {
        self.due = self.due.split_off(&(now_us.saturating_add(1), 0));
    }

    /// The session has ended.
    pub fn forget(&mut self, session: u64) {
        self.due.retain(|_, hold| hold.session != session);
    }

    /// The limit of bytes is another one.
    pub fn release_downloads(&mut self) {
        self.due.retain(|_, hold| hold.why != Why::Download);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_held_until_its_time_the_end_of_the_session_or_another_limit() {
        let mut holds = Holds::default();
        for (session, why, due_us) in [(1, Why::Rate, 10), (1, Why::Download, 10), (3, Why::Download, 20)] {
            holds.hold(session, why, due_us, None);
        }
        holds.hold(3, Why::Rate, 30, None);
        holds.hold(5, Why::Rate, 40, None);
        let due = |holds: &Holds| holds.due.keys().map(|(due_us, _)| *due_us).collect::<Vec<_>>();
        holds.release_due(9);
        assert_eq!(due(&holds), [10, 10, 20, 30, 40]);
        holds.release_due(10);
        assert_eq!((due(&holds), holds.due_us()), (vec![20, 30, 40], Some(20)));
        holds.release_downloads();
        assert_eq!(due(&holds), [30, 40]);
        holds.forget(3);
        assert_eq!(due(&holds), [40]);
        holds.release_due(u64::MAX);
        assert_eq!(holds.due_us(), None);
    }
}
