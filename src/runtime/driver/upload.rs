//! Frames that wait to be sent, where a limit is set (`services/gateway/upload`). Sessions take turns, and each frame is
//! paid for before the next one goes. When too much waits, the session goes of which most waits, whoever comes last.

use std::collections::{BTreeMap, VecDeque};

use crate::pace::{Pace, cost_us};

/// What was not used of the limit is saved up for so long.
const SAVED_US: u64 = 1_000_000;

/// What waits to be sent is at most what may be sent in so many seconds; but a frame of each session may always wait.
const QUEUED_SECONDS: u64 = 10;

/// Bytes that wait, at most, once there is no limit any more; they go at once.
const QUEUED_BYTES: u64 = 262_144;

/// Of what waits for a session that is about to be closed, so much goes at once as may be sent in so many seconds.
const LAST_SECONDS: u64 = 1;

/// Frames that wait.
#[derive(Debug, Default)]
pub struct Upload {
    pace: Pace,
    sessions: BTreeMap<u64, Queue>,
    /// Those of which something waits, the next one first.
    turns: VecDeque<u64>,
    bytes: u64,
}

/// Frames of one session, in their order.
#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<Vec<u8>>,
    bytes: u64,
}

/// What is to become of a frame that is to be sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// It goes at once.
    Now(Vec<u8>),
    /// It waits.
    Queued,
    /// More waits than may. This session, of which most waits, is to be closed, and what waits for it is lost; if it is
    /// another one than that of the frame, the frame waits.
    Full(u64),
}

impl Upload {
    /// A frame is to be sent. Frames of a session keep their order.
    pub fn send(&mut self, session: u64, frame: Vec<u8>, limit: Option<u64>, now_us: u64) -> Outgoing {
        if self.turns.is_empty() && self.may_send(limit, now_us) {
            self.pay(frame.len() as u64, limit, now_us);
            return Outgoing::Now(frame);
        }
        self.put(session, frame);
        // Without a limit, what waits from before goes as soon as it can.
        let room = limit.map_or(QUEUED_BYTES, |limit| limit.saturating_mul(QUEUED_SECONDS));
        if self.bytes > room
            && let Some(fullest) = self.fullest()
        {
            self.forget(fullest);
            return Outgoing::Full(fullest);
        }
        Outgoing::Queued
    }

    fn put(&mut self, session: u64, frame: Vec<u8>) {
        let queue = self.sessions.entry(session).or_default();
        if queue.frames.is_empty() {
            self.turns.push_back(session);
        }
        let bytes = frame.len() as u64;
        queue.bytes += bytes;
        self.bytes += bytes;
        queue.frames.push_back(frame);
    }

    /// The session of which most waits, and more than one frame.
    fn fullest(&self) -> Option<u64> {
        let several = self.sessions.iter().filter(|(_, queue)| queue.frames.len() > 1);
        several.max_by_key(|(_, queue)| queue.bytes).map(|(session, _)| *session)
    }

    fn may_send(&self, limit: Option<u64>, now_us: u64) -> bool {
        limit.is_none() || self.pace.next_us() <= now_us
    }

    fn pay(&mut self, bytes: u64, limit: Option<u64>, now_us: u64) {
        if let Some(limit) = limit {
            self.pace.take(cost_us(bytes, limit), SAVED_US, now_us);
        }
    }

    /// When the next frame that waits may go.
    pub fn due_us(&self, limit: Option<u64>) -> Option<u64> {
        self.turns.front().map(|_| limit.map_or(0, |_| self.pace.next_us()))
    }

    /// The next frame whose time has come: one of the session whose turn it is.
    pub fn next_due(&mut self, limit: Option<u64>, now_us: u64) -> Option<(u64, Vec<u8>)> {
        if !self.may_send(limit, now_us) {
            return None;
        }
        let session = self.turns.pop_front()?;
        let queue = self.sessions.get_mut(&session)?;
        let frame = queue.frames.pop_front()?;
        let bytes = frame.len() as u64;
        queue.bytes -= bytes;
        self.bytes -= bytes;
        if queue.frames.is_empty() {
            self.sessions.remove(&session);
        } else {
            self.turns.push_back(session);
        }
        self.pay(bytes, limit, now_us);
        Some((session, frame))
    }

    /// What is still said in a session that is about to be closed: its last frame, which says why, and of those before
    /// it as many as go in a moment. It is paid for, so others wait for it, but not long.
    pub fn release(&mut self, session: u64, limit: Option<u64>, now_us: u64) -> Vec<Vec<u8>> {
        let mut frames = self.take(session);
        let Some(last) = frames.pop_back() else { return Vec::new() };
        let mut room = limit.map_or(u64::MAX, |limit| limit.saturating_mul(LAST_SECONDS));
        room = room.saturating_sub(last.len() as u64);
        let fits = |frame: &Vec<u8>| {
            let left = room.checked_sub(frame.len() as u64);
            room = left.unwrap_or(0);
            left.is_some()
        };
        let mut released: Vec<Vec<u8>> = frames.into_iter().take_while(fits).collect();
        released.push(last);
        self.pay(released.iter().map(|frame| frame.len() as u64).sum(), limit, now_us);
        released
    }

    /// The session has ended: what waits for it is lost with it.
    pub fn forget(&mut self, session: u64) {
        drop(self.take(session));
    }

    fn take(&mut self, session: u64) -> VecDeque<Vec<u8>> {
        let Some(queue) = self.sessions.remove(&session) else { return VecDeque::new() };
        self.turns.retain(|other| *other != session);
        self.bytes -= queue.bytes;
        queue.frames
    }

    /// The limit is another one: what was sent before counts no more.
    pub fn begin_again(&mut self) {
        self.pace = Pace::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_US: u64 = 10_000_000;

    fn count(upload: &Upload) -> (usize, usize, u64) {
        (upload.sessions.len(), upload.turns.len(), upload.bytes)
    }

    #[test]
    fn frames_of_a_session_keep_their_order_and_sessions_take_turns() {
        let mut upload = Upload::default();
        let limit = Some(1_000);
        assert_eq!(upload.send(2, vec![0; 1_500], limit, NOW_US), Outgoing::Now(vec![0; 1_500]));
        for number in 1..=3 {
            assert_eq!(upload.send(2, vec![number], limit, NOW_US), Outgoing::Queued);
        }
        assert_eq!(upload.send(4, vec![4], limit, NOW_US), Outgoing::Queued);
        assert_eq!(upload.next_due(limit, NOW_US), None);
        assert_eq!(upload.due_us(limit), Some(NOW_US + 500_000));
        let due = (0..4).map_while(|second| upload.next_due(limit, NOW_US + 1_000_000 * (second + 1)));
        assert_eq!(due.collect::<Vec<_>>(), [(2, vec![1]), (4, vec![4]), (2, vec![2]), (2, vec![3])]);
        assert_eq!((upload.due_us(limit), count(&upload)), (None, (0, 0, 0)));
    }

    #[test]
    fn whoever_fills_the_queue_is_closed_and_not_whoever_comes_last() {
        let mut upload = Upload::default();
        let limit = Some(1_000);
        upload.send(2, vec![0; 2_000], limit, NOW_US);
        for _ in 0..9 {
            assert_eq!(upload.send(2, vec![0; 1_000], limit, NOW_US), Outgoing::Queued);
        }
        assert_eq!(upload.send(4, vec![0; 900], limit, NOW_US), Outgoing::Queued);
        assert_eq!(upload.send(6, vec![0; 500], limit, NOW_US), Outgoing::Full(2));
        assert_eq!(count(&upload), (2, 2, 1_400), "the others wait");
        // The last one may be the fullest itself.
        let full = (0..100).map(|_| upload.send(6, vec![0; 1_000], limit, NOW_US)).find(|it| *it != Outgoing::Queued);
        assert_eq!(full, Some(Outgoing::Full(6)));
        assert_eq!(count(&upload), (1, 1, 900));
    }

    #[test]
    fn what_waits_is_a_few_seconds_worth_and_a_frame_of_each_session_may_always_wait() {
        let mut upload = Upload::default();
        let limit = Some(100);
        upload.send(2, vec![0; 1_000], limit, NOW_US);
        for session in [4, 6, 8] {
            assert_eq!(upload.send(session, vec![0; 60_000], limit, NOW_US), Outgoing::Queued);
        }
        assert_eq!(upload.send(6, vec![0; 1], limit, NOW_US), Outgoing::Full(6));
        let mut small = Upload::default();
        small.send(2, vec![0; 1_000], limit, NOW_US);
        let waiting = (0..10_000).take_while(|_| small.send(2, vec![0; 10], limit, NOW_US) == Outgoing::Queued);
        assert_eq!(waiting.count(), 100, "ten seconds");
    }

    #[test]
    fn what_is_said_last_is_paid_for_and_is_not_much() {
        let mut upload = Upload::default();
        let limit = Some(1_000);
        upload.send(2, vec![0; 2_000], limit, NOW_US);
        for number in 1..=8 {
            upload.send(2, vec![number; 400], limit, NOW_US);
        }
        upload.send(4, vec![9], limit, NOW_US);
        assert_eq!(upload.release(2, limit, NOW_US), [vec![1; 400], vec![8; 400]]);
        assert_eq!(upload.due_us(limit), Some(NOW_US + 1_800_000), "others wait for it");
        assert_eq!(upload.release(2, limit, NOW_US), Vec::<Vec<u8>>::new());
        upload.forget(4);
        assert_eq!(count(&upload), (0, 0, 0));
    }

    #[test]
    fn a_limit_that_is_lifted_or_raised_counts_at_once() {
        let mut upload = Upload::default();
        upload.send(4, vec![0; 100_000], Some(1_000), NOW_US);
        upload.send(4, vec![1], Some(1_000), NOW_US);
        assert_eq!(upload.send(4, vec![2], None, NOW_US), Outgoing::Queued);
        assert_eq!(upload.due_us(None), Some(0), "at once");
        assert_eq!(upload.next_due(None, NOW_US), Some((4, vec![1])));
        assert_eq!(upload.next_due(None, NOW_US), Some((4, vec![2])));
        upload.begin_again();
        assert_eq!(upload.send(4, vec![3], Some(2_000), NOW_US), Outgoing::Now(vec![3]));
    }
}
