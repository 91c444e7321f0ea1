//! The instances that exist, per automaton in the order of their creation.
//!
//! Each has a number that is never used again, so that a message for an instance that is gone does not reach a later one of
//! the same key. The map by key is only ever looked into, never walked: its order decides nothing.

use std::collections::{BTreeMap, HashMap};

use super::value::Value;
use crate::model::{EventId, StateId, TimerId};

/// All instances of one automaton.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    by_number: BTreeMap<u64, Entry>,
    by_key: HashMap<Option<Value>, u64>,
}

/// A line of the table of states.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub key: Option<Value>,
    /// The leaf as others see it: it changes only between deliveries. `None` during the start.
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
    /// Deferred events, oldest first.
    pub kept: Vec<Kept>,
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
        self.by_number.insert(number, entry);
    }

    pub fn remove(&mut self, number: u64) {
        if let Some(entry) = self.by_number.remove(&number) {
            self.by_key.remove(&entry.key);
        }
    }

    /// In the order of creation.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Entry)> {
        self.by_number.iter().map(|(&number, entry)| (number, entry))
    }
}
