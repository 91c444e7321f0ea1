//! The instances that exist, per automaton in the order of their creation.
//!
//! Each has a number that is never used again, so that a message for an instance that is gone does not reach a later
//! one of the same key. The map by key is only ever looked into, never walked: its order decides nothing.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::value::Value;
use crate::model::{EventId, StateId, TimerId};

/// All instances of one automaton.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    by_number: BTreeMap<u64, Entry>,
    by_key: HashMap<Option<Value>, u64>,
    /// By state: how many instances are in that leaf, as others see it.
    in_leaf: Vec<u64>,
}

/// A line of the table of states.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub key: Option<Value>,
    /// The leaf as others see it: it changes only between deliveries ([`Table::move_to`]). `None` during the start.
    pub leaf: Option<StateId>,
    /// Taken out while the instance handles a message.
    pub data: Option<Box<Data>>,
}

/// What an instance knows.
#[derive(Clone, Debug)]
pub(super) struct Data {
    /// The innermost active state: a leaf between deliveries.
    pub active: StateId,
    pub parameters: Vec<Value>,
    pub variables: Vec<Value>,
    /// By state: the leaf that was active when it was last left.
    pub history: Vec<Option<StateId>>,
    /// Deferred events.
    pub kept: KeptEvents,
    /// Timers of active states.
    pub running: Vec<Running>,
}

/// A deferred event.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Which.
    pub event: EventId,
    /// In the order of declaration.
    pub fields: Vec<Value>,
    /// The delivery that it came from.
    pub cause: Option<u64>,
}

/// Deferred events of an instance, those of each kind by themselves: which of them are still deferred is the same for
/// all of a kind.
#[derive(Clone, Debug, Default)]
pub(super) struct KeptEvents {
    /// Each with its place among all.
    by_kind: BTreeMap<EventId, VecDeque<(u64, Kept)>>,
    next: u64,
}

impl KeptEvents {
    pub fn of(kept: Vec<Kept>) -> Self {
        let mut events = KeptEvents::default();
        kept.into_iter().for_each(|kept| events.push(kept));
        events
    }

    pub fn push(&mut self, kept: Kept) {
        self.by_kind.entry(kept.event).or_default().push_back((self.next, kept));
        self.next += 1;
    }

    /// How many of that kind.
    pub fn count(&self, event: EventId) -> usize {
        self.by_kind.get(&event).map_or(0, VecDeque::len)
    }

    /// The kind of the oldest that is not deferred.
    pub fn oldest(&self, is_deferred: impl Fn(EventId) -> bool) -> Option<EventId> {
        let first = self.by_kind.iter().filter_map(|(&event, kept)| Some((kept.front()?.0, event)));
        first.filter(|(_, event)| !is_deferred(*event)).min().map(|(_, event)| event)
    }

    /// Takes the oldest of that kind.
    pub fn take(&mut self, event: EventId) -> Option<Kept> {
        self.by_kind.get_mut(&event)?.pop_front().map(|(_, kept)| kept)
    }

    /// Oldest first.
    pub fn list(&self) -> Vec<&Kept> {
        let mut all: Vec<&(u64, Kept)> = self.by_kind.values().flatten().collect();
        all.sort_by_key(|(place, _)| *place);
        all.into_iter().map(|(_, kept)| kept).collect()
    }
}

/// A timer that is pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// Which.
    pub timer: TimerId,
    /// When it is due.
    pub deadline_ms: u64,
    /// Of `every`: the distance of its beats, as it was read at the start.
    pub interval_ms: u64,
    /// Orders timers of one deadline: the number of its start.
    pub order: u64,
}

impl Table {
    pub fn number(&self, key: Option<&Value>) -> Option<u64> {
        // A borrowed `Option<&Value>` cannot look into a map of `Option<Value>`; clones of values are shallow.
        self.by_key.get(&key.cloned()).copied()
    }

    pub fn get(&self, number: u64) -> Option<&Entry> {
        self.by_number.get(&number)
    }

    pub fn get_mut(&mut self, number: u64) -> Option<&mut Entry> {
        self.by_number.get_mut(&number)
    }

    pub fn insert(&mut self, number: u64, entry: Entry) {
        self.by_key.insert(entry.key.clone(), number);
        self.count(None, entry.leaf);
        if let Some(replaced) = self.by_number.insert(number, entry) {
            self.count(replaced.leaf, None);
        }
    }

    pub fn remove(&mut self, number: u64) {
        if let Some(entry) = self.by_number.remove(&number) {
            self.by_key.remove(&entry.key);
            self.count(entry.leaf, None);
        }
    }

    /// From now on others see the instance in that leaf.
    pub fn move_to(&mut self, number: u64, leaf: StateId) {
        if let Some(entry) = self.by_number.get_mut(&number) {
            let before = entry.leaf.replace(leaf);
            self.count(before, Some(leaf));
        }
    }

    fn count(&mut self, before: Option<StateId>, after: Option<StateId>) {
        if let Some(before) = before {
            self.in_leaf[before.index()] -= 1;
        }
        if let Some(after) = after {
            if self.in_leaf.len() <= after.index() {
                self.in_leaf.resize(after.index() + 1, 0);
            }
            self.in_leaf[after.index()] += 1;
        }
    }

    /// The leaves in which there are instances, each with their number: so that a question about all of them does not
    /// walk them all.
    pub fn leaves(&self) -> impl Iterator<Item = (StateId, u64)> {
        let counts = (0..).map(StateId).zip(self.in_leaf.iter().copied());
        counts.filter(|(_, count)| *count > 0)
    }

    /// In the order of creation.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Entry)> {
        self.by_number.iter().map(|(&number, entry)| (number, entry))
    }
}
