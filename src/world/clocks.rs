//! How the clocks of others stand to ours, as their HELLOs tell. Anybody can say any time, so one group of addresses has
//! one voice among strangers, and each contact has its own.

use std::collections::VecDeque;

use super::Now;
use crate::identity::{CLOCK_SKEW_MS, NodeId};
use crate::peers::AddressGroup;

/// Peers whose clocks are remembered, the latest first.
const PEERS: usize = 64;

/// What was seen is forgotten after so many milliseconds: six hours.
const REMEMBERED_MS: u64 = 6 * 60 * 60 * 1000;

/// If our own clock has been set by more than this since, or the machine has slept, what was seen means nothing now.
const STEP_MS: u64 = 10_000;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Voice {
    Contact(NodeId),
    Strangers(AddressGroup),
}

/// What a peer's clock said.
#[derive(Clone, Copy, Debug)]
struct Seen {
    peer: NodeId,
    voice: Voice,
    ahead_ms: i64,
    at: Now,
}

/// How the clocks of others stand to ours.
#[derive(Clone, Debug, Default)]
pub struct Clocks {
    seen: VecDeque<Seen>,
}

/// Whose clock is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockVerdict {
    /// Nobody's that is known.
    Fine,
    /// Ours: most of several peers say the same. It is ahead of theirs by so much; behind, if that is negative.
    Ours {
        /// Half of them say more, half less.
        ahead_ms: i64,
        /// How many peers say so.
        peers: usize,
    },
    /// Too few have spoken, or they disagree: these peers' clocks and ours are apart.
    Unknown {
        /// How many of them.
        peers: usize,
        /// How many have spoken.
        of: usize,
    },
}

impl ClockVerdict {
    /// For the user, if a clock is wrong.
    #[must_use]
    pub fn in_words(self) -> Option<String> {
        match self {
            Self::Fine => None,
            Self::Ours { ahead_ms, peers } => Some(format!("your clock is {} {peers} peers", in_words(ahead_ms))),
            Self::Unknown { peers, of } => {
                let whose = if of == 1 {
                    "the clock of a peer is".to_owned()
                } else {
                    format!("of the clocks of {of} peers, {peers} stand")
                };
                Some(format!("{whose} too far from yours, and it is not known which is wrong"))
            }
        }
    }
}

impl Clocks {
    /// The HELLO of a peer says what its clock says: ahead of ours by so much.
    pub fn note(&mut self, peer: NodeId, is_contact: bool, group: AddressGroup, ahead_ms: i64, at: Now) {
        let voice = if is_contact { Voice::Contact(peer) } else { Voice::Strangers(group) };
        // Strangers of one group have one place too, so that they push nobody out.
        self.seen.retain(|seen| seen.voice != voice && seen.peer != peer);
        self.seen.push_front(Seen { peer, voice, ahead_ms, at });
        self.seen.truncate(PEERS);
    }

    fn valid(&self, now: Now) -> impl Iterator<Item = &Seen> {
        self.seen.iter().filter(move |seen| {
            let offset = |time: Now| time.unix_ms.wrapping_sub(time.ms).cast_signed();
            let is_recent = now.ms.saturating_sub(seen.at.ms) < REMEMBERED_MS;
            is_recent && offset(now).wrapping_sub(offset(seen.at)).unsigned_abs() < STEP_MS
        })
    }

    /// By how much a peer's clock is ahead of ours, if so much that sessions with it are refused.
    #[must_use]
    pub fn apart(&self, peer: &NodeId, now: Now) -> Option<i64> {
        let seen = self.valid(now).find(|seen| seen.peer == *peer)?;
        is_apart(seen.ahead_ms).then_some(seen.ahead_ms)
    }

    /// Whose clock is wrong.
    #[must_use]
    pub fn judge(&self, now: Now) -> ClockVerdict {
        let all: Vec<i64> = self.valid(now).map(|seen| seen.ahead_ms).collect();
        for is_ahead in [true, false] {
            let mut same: Vec<i64> =
                all.iter().copied().filter(|ms| is_apart(*ms) && ms.is_positive() == is_ahead).collect();
            if same.len() >= 2 && same.len() * 2 > all.len() {
                same.sort_unstable();
                let ahead_ms = same[same.len() / 2].saturating_neg();
                return ClockVerdict::Ours { ahead_ms, peers: same.len() };
            }
        }
        match all.iter().filter(|ms| is_apart(**ms)).count() {
            0 => ClockVerdict::Fine,
            peers => ClockVerdict::Unknown { peers, of: all.len() },
        }
    }
}

fn is_apart(ahead_ms: i64) -> bool {
    ahead_ms.unsigned_abs() > CLOCK_SKEW_MS
}

/// `151 s ahead of`, `151 s behind`: how a clock stands to another.
#[must_use]
pub fn in_words(ahead_ms: i64) -> String {
    let seconds = ahead_ms.unsigned_abs() / 1000;
    if ahead_ms > 0 { format!("{seconds} s ahead of") } else { format!("{seconds} s behind") }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    const NOW: Now = Now { ms: 1_000_000, unix_ms: 1_800_000_000_000 };
    const APART: i64 = 151_000;

    fn id(number: u8) -> NodeId {
        NodeId::from_bytes([number; 32])
    }

    fn group(number: u8) -> AddressGroup {
        AddressGroup::of(IpAddr::from([10 + number, number, 0, 1]))
    }

    #[test]
    fn what_most_of_several_peers_say_is_said_of_our_own_clock() {
        let mut clocks = Clocks::default();
        assert_eq!(clocks.judge(NOW), ClockVerdict::Fine);
        clocks.note(id(1), false, group(1), -APART, NOW);
        assert_eq!(clocks.judge(NOW), ClockVerdict::Unknown { peers: 1, of: 1 });
        for number in 2..9 {
            clocks.note(id(number), false, group(number), -APART, NOW);
        }
        clocks.note(id(9), false, group(9), 10, NOW);
        assert_eq!(clocks.judge(NOW), ClockVerdict::Ours { ahead_ms: APART, peers: 8 });
        assert_eq!(clocks.apart(&id(1), NOW), Some(-APART));
        assert_eq!(clocks.apart(&id(9), NOW), None);
    }

    #[test]
    fn strangers_of_one_network_have_one_voice() {
        let mut clocks = Clocks::default();
        clocks.note(id(1), true, group(1), 10, NOW);
        for number in 2..200 {
            clocks.note(id(number), false, group(7), APART, NOW);
        }
        assert_eq!(clocks.judge(NOW), ClockVerdict::Unknown { peers: 1, of: 2 });
    }

    #[test]
    fn a_clock_that_was_set_and_what_is_long_ago_are_forgotten() {
        let mut clocks = Clocks::default();
        clocks.note(id(1), true, group(1), APART, NOW);
        clocks.note(id(2), true, group(2), APART, NOW);
        assert_eq!(clocks.judge(NOW), ClockVerdict::Ours { ahead_ms: -APART, peers: 2 });
        let set = Now { unix_ms: NOW.unix_ms + 151_000, ..NOW };
        let later = Now { ms: NOW.ms + REMEMBERED_MS, unix_ms: NOW.unix_ms + REMEMBERED_MS };
        for now in [set, later] {
            assert_eq!(clocks.judge(now), ClockVerdict::Fine);
        }
    }

    #[test]
    fn only_so_many_are_remembered() {
        let mut clocks = Clocks::default();
        for number in 0..200 {
            clocks.note(id(number), true, group(1), APART, NOW);
        }
        assert_eq!(clocks.seen.len(), PEERS);
        assert_eq!(clocks.apart(&id(199), NOW), Some(APART));
        assert_eq!(clocks.apart(&id(0), NOW), None);
    }
}
