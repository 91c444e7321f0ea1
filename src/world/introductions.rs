//! Two nodes that want to meet and are both connected with this one. Each has to ask: whoever asks for somebody who
//! does not want them learns nothing, not even whether that node is here.

use std::collections::BTreeMap;

use super::ids::SessionId;
use crate::identity::NodeId;

/// Both have to ask within this time.
pub const ASKED_WITHIN_MS: u64 = 30_000;

/// The other side is told of a repeated question not more often than this.
pub const REPEATED_AFTER_MS: u64 = 2_000;

/// Questions of one node that are remembered, at most.
pub const QUESTIONS_OF_ONE: usize = 16;

/// Questions that are remembered, at most. Those of strangers leave half of them to whom our user has named.
pub const QUESTIONS: usize = 1_024;

/// What comes of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Introduction {
    /// The other one is to be told who asks for it.
    Tell,
    /// Both have asked: both are to be told where the other is, and which of them is first.
    Meet {
        /// The one with the larger id dials first.
        larger_first: bool,
    },
    /// Nothing: it is asked too often, or for too many.
    Nothing,
}

/// Who has asked for whom lately.
#[derive(Clone, Debug, Default)]
pub struct Introductions {
    asked: BTreeMap<(NodeId, NodeId), Question>,
    /// Of two who have met, whether the one with the larger id was first. Behind some routers one has to send first,
    /// and nobody knows which, so they take turns.
    turns: BTreeMap<(NodeId, NodeId), bool>,
    /// Meetings of which it is still being found out who has to be first.
    waiting: Vec<ArrangedMeeting>,
}

/// That one has asked for another.
#[derive(Clone, Copy, Debug)]
struct Question {
    asked_ms: u64,
    /// Our user has named the asker.
    is_of_friend: bool,
}

/// Two who are to meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArrangedMeeting {
    /// The sessions with the two.
    pub sessions: [SessionId; 2],
    /// The one with the larger id dials first, if nothing speaks for the other.
    pub larger_first: bool,
}

impl Introductions {
    /// A meeting waits until it is known who has to be first. Says whether there is room for it.
    pub fn wait(&mut self, meeting: ArrangedMeeting) -> bool {
        let has_room = self.waiting.len() < QUESTIONS;
        if has_room {
            self.waiting.push(meeting);
        }
        has_room
    }

    /// Meetings with the peer of that session; they wait no longer.
    pub fn take_waiting(&mut self, session: SessionId) -> Vec<ArrangedMeeting> {
        let is_of_it = |meeting: &mut ArrangedMeeting| meeting.sessions.contains(&session);
        self.waiting.extract_if(.., is_of_it).collect()
    }

    /// One node, which our user has named or has not, asks for another, which may be here or not.
    pub fn ask(&mut self, asker: NodeId, target: NodeId, is_friend: bool, now_ms: u64) -> Introduction {
        self.asked.retain(|_, question| now_ms < question.asked_ms.saturating_add(ASKED_WITHIN_MS));
        if self.asked.remove(&(target, asker)).is_some() {
            self.asked.remove(&(asker, target));
            let pair = if asker < target { (asker, target) } else { (target, asker) };
            if self.turns.len() >= QUESTIONS && !self.turns.contains_key(&pair) {
                self.turns.clear();
            }
            let larger_first = self.turns.entry(pair).or_default();
            *larger_first = !*larger_first;
            return Introduction::Meet { larger_first: *larger_first };
        }
        let before_ms = self.asked.get(&(asker, target)).map(|question| question.asked_ms);
        if before_ms.is_some_and(|before_ms| now_ms < before_ms.saturating_add(REPEATED_AFTER_MS)) {
            return Introduction::Nothing;
        }
        let of_asker = self.asked.keys().filter(|(other, _)| *other == asker).count();
        if before_ms.is_none() && (of_asker >= QUESTIONS_OF_ONE || !self.has_room(is_friend)) {
            return Introduction::Nothing;
        }
        self.asked.insert((asker, target), Question { asked_ms: now_ms, is_of_friend: is_friend });
        Introduction::Tell
    }

    fn has_room(&self, is_friend: bool) -> bool {
        let of_strangers = self.asked.values().filter(|question| !question.is_of_friend).count();
        self.asked.len() < QUESTIONS && (is_friend || of_strangers < QUESTIONS / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: NodeId = NodeId::from_bytes([1; 32]);
    const B: NodeId = NodeId::from_bytes([2; 32]);

    #[test]
    fn two_meet_only_if_both_want_to() {
        let mut introductions = Introductions::default();
        assert_eq!(introductions.ask(A, B, false, 0), Introduction::Tell);
        assert_eq!(introductions.ask(A, B, false, 1), Introduction::Nothing);
        assert_eq!(introductions.ask(A, B, false, REPEATED_AFTER_MS), Introduction::Tell);
        assert_eq!(introductions.ask(B, A, false, 5_000), Introduction::Meet { larger_first: true });
        // That was one meeting; the next has to be wanted again.
        assert_eq!(introductions.ask(B, A, false, 6_000), Introduction::Tell);
        assert_eq!(
            introductions.ask(A, B, false, 7_000),
            Introduction::Meet { larger_first: false },
            "they take turns"
        );
        assert_eq!(introductions.ask(B, A, false, 8_000), Introduction::Tell);
        assert_eq!(introductions.ask(A, B, false, 8_000 + ASKED_WITHIN_MS), Introduction::Tell, "it was too long ago");
    }

    #[test]
    fn whoever_asks_for_many_is_heard_for_a_few() {
        let mut introductions = Introductions::default();
        let told = |introductions: &mut Introductions, asker, from: u8| {
            let targets = (from..from + 100).map(|byte| NodeId::from_bytes([byte; 32]));
            targets.filter(|target| introductions.ask(asker, *target, false, 0) == Introduction::Tell).count()
        };
        assert_eq!(told(&mut introductions, A, 100), QUESTIONS_OF_ONE);
        assert_eq!(told(&mut introductions, B, 100), QUESTIONS_OF_ONE, "others are heard all the same");
        for number in 0..10_000_u32 {
            let mut bytes = [9; 32];
            bytes[..4].copy_from_slice(&number.to_be_bytes());
            introductions.ask(NodeId::from_bytes(bytes), A, false, 0);
        }
        assert_eq!(introductions.asked.len(), QUESTIONS / 2);
        let friend = NodeId::from_bytes([3; 32]);
        assert_eq!(introductions.ask(friend, A, true, 0), Introduction::Tell, "strangers leave room");
    }
}
