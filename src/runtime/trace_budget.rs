//! How much of the trace others may fill. What a session causes is charged to its source: to the identity of a contact,
//! or to the group of addresses of anybody else, and then to all strangers together as well. A source that has used up
//! its part is left out of the trace until some of it has come back. What nobody else has caused is always recorded.

use std::collections::HashMap;
use std::fmt;

use crate::identity::NodeId;
use crate::peers::AddressGroup;

/// Whoever causes something by a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A contact who has proved in the session who that is.
    Contact(NodeId),
    /// Anybody else, by the addresses that are likely to be in one hand.
    Group(AddressGroup),
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Contact(peer) => peer.fmt(formatter),
            Source::Group(group) => group.fmt(formatter),
        }
    }
}

/// What is caused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The opening of a session, up to the proof of who is there, or its end: there is little of it, and it tells much.
    /// The last eighth of a part is kept for it.
    OpeningOrEnd,
    /// Whatever is said in between.
    Talk,
}

/// Who causes what.
pub type Charged = (Source, Kind);

/// So many bytes at once, and so many come back in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// At once.
    pub bytes: u32,
    /// In a second.
    pub per_second: u32,
}

/// The parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Of each contact.
    pub contact: Part,
    /// Of each group of addresses.
    pub group: Part,
    /// Of all groups together.
    pub strangers: Part,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            contact: Part { bytes: 8 << 20, per_second: 64 << 10 },
            group: Part { bytes: 256 << 10, per_second: 4 << 10 },
            strangers: Part { bytes: 1 << 20, per_second: 16 << 10 },
        }
    }
}

/// Sources that are remembered, at most. One that has its whole part is forgotten. A group of addresses that finds no
/// place has the part of all strangers alone, and a contact is not held back.
pub const SOURCES: usize = 4_096;

/// The part of a source, or of all strangers, that is left.
#[derive(Clone, Copy, Debug)]
struct Left {
    /// Thousandths of a byte. Less than nothing: what was recorded last was more than there was.
    milli_bytes: i64,
    at_ms: u64,
    /// It was used up, and half of it has not come back yet. Otherwise there would be a line of what was left out for
    /// each few that are recorded.
    is_used_up: bool,
}

impl Left {
    fn whole(part: Part, now_ms: u64) -> Self {
        Self { milli_bytes: whole(part), at_ms: now_ms, is_used_up: false }
    }

    fn refill(&mut self, part: Part, now_ms: u64) {
        let elapsed_ms = i64::try_from(now_ms.saturating_sub(self.at_ms)).unwrap_or(i64::MAX);
        let back = elapsed_ms.saturating_mul(i64::from(part.per_second));
        self.milli_bytes = self.milli_bytes.saturating_add(back).min(whole(part));
        self.at_ms = self.at_ms.max(now_ms);
    }

    fn has_room(&mut self, part: Part, kind: Kind, now_ms: u64) -> bool {
        self.refill(part, now_ms);
        if kind == Kind::OpeningOrEnd {
            return self.milli_bytes > 0;
        }
        self.is_used_up = self.milli_bytes < whole(part) / if self.is_used_up { 2 } else { 8 };
        !self.is_used_up
    }

    /// A debt is never larger than the part.
    fn charge(&mut self, part: Part, bytes: usize) {
        let milli_bytes = i64::try_from(bytes).unwrap_or(i64::MAX).saturating_mul(1_000);
        self.milli_bytes = self.milli_bytes.saturating_sub(milli_bytes).max(-whole(part));
    }

    fn is_whole(&mut self, part: Part, now_ms: u64) -> bool {
        self.refill(part, now_ms);
        self.milli_bytes == whole(part)
    }
}

fn whole(part: Part) -> i64 {
    i64::from(part.bytes) * 1_000
}

/// The parts of all sources.
#[derive(Debug)]
pub struct TraceBudget {
    parts: Parts,
    sources: HashMap<Source, Left>,
    strangers: Left,
}

impl TraceBudget {
    /// Nothing is used yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self { parts, sources: HashMap::new(), strangers: Left::whole(parts.strangers, 0) }
    }

    /// Whether what that source causes next is to be recorded.
    pub fn has_room(&mut self, (source, kind): Charged, now_ms: u64) -> bool {
        let part = self.part(source);
        let has_room = self.left(source, now_ms).is_none_or(|left| left.has_room(part, kind, now_ms));
        let strangers = self.parts.strangers;
        has_room && (is_contact(source) || self.strangers.has_room(strangers, kind, now_ms))
    }

    /// So much was recorded because of that source.
    pub fn charge(&mut self, source: Source, bytes: usize, now_ms: u64) {
        let part = self.part(source);
        if let Some(left) = self.left(source, now_ms) {
            left.charge(part, bytes);
        }
        if !is_contact(source) {
            self.strangers.charge(self.parts.strangers, bytes);
        }
    }

    fn part(&self, source: Source) -> Part {
        if is_contact(source) { self.parts.contact } else { self.parts.group }
    }

    fn left(&mut self, source: Source, now_ms: u64) -> Option<&mut Left> {
        if self.sources.len() >= SOURCES && !self.sources.contains_key(&source) {
            let Parts { contact, group, .. } = self.parts;
            let part = |source: &Source| if is_contact(*source) { contact } else { group };
            self.sources.retain(|source, left| !left.is_whole(part(source), now_ms));
            if self.sources.len() >= SOURCES {
                return None;
            }
        }
        let part = self.part(source);
        Some(self.sources.entry(source).or_insert_with(|| Left::whole(part, now_ms)))
    }
}

fn is_contact(source: Source) -> bool {
    matches!(source, Source::Contact(_))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn group(number: u32) -> Source {
        Source::Group(AddressGroup::of(Ipv4Addr::from_bits(number << 8).into()))
    }

    fn talk(source: Source) -> Charged {
        (source, Kind::Talk)
    }

    /// What is recorded of a source that says something of a kilobyte every so often, for so long.
    fn recorded(budget: &mut TraceBudget, source: Source, from_ms: u64, to_ms: u64, every_ms: u64) -> u64 {
        let times = (from_ms..to_ms).step_by(usize::try_from(every_ms).expect("it is small"));
        let mut bytes = 0;
        for now_ms in times {
            if budget.has_room(talk(source), now_ms) {
                budget.charge(source, 1_000, now_ms);
                bytes += 1_000;
            }
        }
        bytes
    }

    #[test]
    fn a_source_has_its_part_at_once_and_then_what_comes_back() {
        let mut budget = TraceBudget::new(Parts::default());
        let at_once = recorded(&mut budget, group(1), 0, 1_000, 1);
        assert!((220_000..240_000).contains(&at_once), "{at_once}");
        assert!(!budget.has_room(talk(group(1)), 1_000));
        let hour_ms = 3_600_000;
        let later = recorded(&mut budget, group(1), 1_000, hour_ms, 50);
        let back = 4_096 * hour_ms / 1_000;
        assert!((back * 9 / 10..=back + 256 * 1_024).contains(&later), "{later}");
    }

    #[test]
    fn one_source_does_not_use_up_what_is_another_s() {
        let mut budget = TraceBudget::new(Parts::default());
        recorded(&mut budget, group(1), 0, 1_000, 1);
        assert!(!budget.has_room(talk(group(1)), 1_000));
        assert!(budget.has_room(talk(group(2)), 1_000));
        let contact = Source::Contact(crate::identity::IdentityKey::from_seed(&[1; 32]).id());
        for number in 2..100 {
            recorded(&mut budget, group(number), 1_000, 2_000, 1);
        }
        assert!(!budget.has_room(talk(group(1_000)), 2_000), "all strangers together have used up theirs");
        assert!(recorded(&mut budget, contact, 2_000, 3_000, 1) == 1_000_000, "a contact has a part of their own");
    }

    #[test]
    fn there_is_room_for_an_opening_and_an_end_when_there_is_none_for_talk() {
        let mut budget = TraceBudget::new(Parts::default());
        recorded(&mut budget, group(1), 0, 1_000, 1);
        assert!(budget.has_room((group(1), Kind::OpeningOrEnd), 1_000));
        budget.charge(group(1), 64 * 1_024, 1_000);
        assert!(!budget.has_room((group(1), Kind::OpeningOrEnd), 1_000), "not without end");
    }

    #[test]
    fn talk_is_recorded_again_when_half_of_the_part_has_come_back() {
        let mut budget = TraceBudget::new(Parts::default());
        recorded(&mut budget, group(1), 0, 1_000, 1);
        let again = (1_000..).find(|now_ms| budget.has_room(talk(group(1)), *now_ms)).expect("some time");
        // From an eighth to a half: 96 KiB, at 4 KiB a second.
        assert!((23_000..27_000).contains(&again), "{again}");
    }

    #[test]
    fn what_is_remembered_is_bounded_and_a_source_that_was_silent_is_forgotten() {
        let mut budget = TraceBudget::new(Parts::default());
        for number in 0..2 * u32::try_from(SOURCES).expect("it is small") {
            budget.charge(group(number), 1, 0);
        }
        assert_eq!(budget.sources.len(), SOURCES);
        assert!(budget.has_room(talk(group(u32::MAX >> 8)), 0), "it has the part of all strangers");
        assert_eq!(budget.sources.len(), SOURCES);
        assert!(budget.has_room(talk(group(u32::MAX >> 8)), 1_000));
        assert_eq!(budget.sources.len(), 1);
    }

    #[test]
    fn a_debt_is_never_larger_than_the_part() {
        let mut budget = TraceBudget::new(Parts::default());
        budget.charge(group(1), usize::MAX, 0);
        let again = (0..).step_by(100).find(|now_ms| budget.has_room((group(1), Kind::OpeningOrEnd), *now_ms));
        assert_eq!(again.expect("some time") / 1_000, 64);
    }
}
