//! The instances of one automaton, and the table of states that `X in S` reads.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;

use crate::automaton::{Asked, Automaton, Effects, Instance, State};
use crate::record::Outcome;

/// Where an instance is in its table. Valid until the instance is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(u32);

/// Identifies an instance among all that the table ever held, earlier ones of the same key included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Serial(u64);

/// The working memory of a delivery, reused by all instances of an automaton.
#[derive(Debug)]
pub struct Buffers<A: Automaton> {
    /// The effects of the steps.
    pub effects: Effects<A>,
    /// What was asked.
    pub asked: Asked<A::Question>,
    /// Raised events that were handled, and their outcomes; only if there is a recorder.
    pub handled: Vec<(A::Event, Outcome)>,
    /// Timers that started and still run, with the times when they are due; only if there is a recorder.
    pub begun: Vec<(A::Timer, u64)>,
}

impl<A: Automaton> Default for Buffers<A> {
    fn default() -> Self {
        Self { effects: Effects::default(), asked: Asked::default(), handled: Vec::new(), begun: Vec::new() }
    }
}

impl<A: Automaton> Buffers<A> {
    /// Empties them for the next delivery; their memory is kept.
    pub fn clear(&mut self) {
        self.effects.actions.clear();
        self.effects.sends.clear();
        self.effects.raised.clear();
        self.effects.timers.clear();
        self.effects.faults = Default::default();
        self.asked.questions.clear();
        self.handled.clear();
        self.begun.clear();
    }
}

/// Everything that a step needs of a table.
pub struct Parts<'a, A: Automaton> {
    /// The instance's key.
    pub key: &'a A::Key,
    /// The instance.
    pub instance: &'a mut Instance<A>,
    /// The buffer for effects.
    pub effects: &'a mut Effects<A>,
    /// What was asked.
    pub asked: &'a mut Asked<A::Question>,
}

/// The instances of one automaton.
pub trait Table<A: Automaton> {
    /// The instance of that key.
    fn find(&self, key: &A::Key) -> Option<Slot>;
    /// All instances, in the order of creation.
    fn slots(&self) -> impl Iterator<Item = Slot> + '_;
    /// What tells the instance from earlier and later ones of its key.
    fn serial(&self, slot: Slot) -> Serial;
    /// The instance's key.
    fn key(&self, slot: Slot) -> &A::Key;
    /// An instance.
    fn instance(&self, slot: Slot) -> &Instance<A>;
    /// An instance, its key, and the buffers.
    fn parts(&mut self, slot: Slot) -> Parts<'_, A>;
    /// The buffers.
    fn buffers(&self) -> &Buffers<A>;
    /// The buffers.
    fn buffers_mut(&mut self) -> &mut Buffers<A>;
    /// Adds an instance. Its key must be free.
    fn insert(&mut self, key: A::Key, instance: Instance<A>) -> Slot;
    /// Removes an instance.
    fn remove(&mut self, slot: Slot);
}

/// An automaton with one instance.
pub struct Single<A: Automaton<Key = ()>> {
    instance: Option<Instance<A>>,
    created: u64,
    buffers: Buffers<A>,
}

impl<A: Automaton<Key = ()>> Default for Single<A> {
    fn default() -> Self {
        Self { instance: None, created: 0, buffers: Buffers::default() }
    }
}

const EXISTS: &str = "a slot is held only while its instance exists";

impl<A: Automaton<Key = ()>> Single<A> {
    /// The instance, if it exists.
    #[must_use]
    pub fn get(&self) -> Option<&Instance<A>> {
        self.instance.as_ref()
    }

    /// Its serial, if it exists: none or one.
    pub fn serials(&self) -> impl Iterator<Item = Serial> + '_ {
        self.instance.iter().map(|_| Serial(self.created))
    }
}

impl<A: Automaton<Key = ()>> Table<A> for Single<A> {
    fn find(&self, (): &()) -> Option<Slot> {
        self.instance.is_some().then_some(Slot(0))
    }

    fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        self.instance.iter().map(|_| Slot(0))
    }

    fn serial(&self, _: Slot) -> Serial {
        Serial(self.created)
    }

    fn key(&self, _: Slot) -> &() {
        &()
    }

    fn instance(&self, _: Slot) -> &Instance<A> {
        self.instance.as_ref().expect(EXISTS)
    }

    fn parts(&mut self, _: Slot) -> Parts<'_, A> {
        let Buffers { effects, asked, .. } = &mut self.buffers;
        Parts { key: &(), instance: self.instance.as_mut().expect(EXISTS), effects, asked }
    }

    fn buffers(&self) -> &Buffers<A> {
        &self.buffers
    }

    fn buffers_mut(&mut self) -> &mut Buffers<A> {
        &mut self.buffers
    }

    fn insert(&mut self, (): (), instance: Instance<A>) -> Slot {
        self.created += 1;
        self.instance = Some(instance);
        Slot(0)
    }

    fn remove(&mut self, _: Slot) {
        self.instance = None;
    }
}

struct Entry<A: Automaton> {
    key: A::Key,
    serial: Serial,
    previous: u32,
    next: u32,
    instance: Instance<A>,
}

const NO_ENTRY: u32 = u32::MAX;

/// An automaton with an instance for each key. Instances are found by hash and walked in the order of creation, along a
/// list through the entries, so neither hashing nor the reuse of entries affects any order.
pub struct Instances<A: Automaton> {
    by_key: HashMap<A::Key, u32>,
    entries: Vec<Option<Entry<A>>>,
    free: Vec<u32>,
    first: u32,
    last: u32,
    created: u64,
    buffers: Buffers<A>,
}

impl<A: Automaton> Default for Instances<A> {
    fn default() -> Self {
        Self {
            by_key: HashMap::new(),
            entries: Vec::new(),
            free: Vec::new(),
            first: NO_ENTRY,
            last: NO_ENTRY,
            created: 0,
            buffers: Buffers::default(),
        }
    }
}

impl<A: Automaton> Instances<A> {
    /// The instance of that key.
    #[must_use]
    pub fn get(&self, key: &A::Key) -> Option<&Instance<A>> {
        self.find(key).map(|slot| self.instance(slot))
    }

    /// In the order of creation.
    pub fn iter(&self) -> impl Iterator<Item = (&A::Key, &Instance<A>)> {
        self.walk().map(|entry| (&entry.key, &entry.instance))
    }

    /// In the order of creation, each with its serial.
    pub fn serials(&self) -> impl Iterator<Item = (&A::Key, Serial)> {
        self.walk().map(|entry| (&entry.key, entry.serial))
    }

    /// How many exist.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether none exists.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    fn walk(&self) -> impl Iterator<Item = &Entry<A>> {
        self.places().map(|place| self.entry(place))
    }

    fn places(&self) -> impl Iterator<Item = u32> + '_ {
        let is_entry = |place: &u32| *place != NO_ENTRY;
        let first = Some(self.first).filter(is_entry);
        std::iter::successors(first, move |&place| Some(self.entry(place).next).filter(is_entry))
    }

    fn entry(&self, place: u32) -> &Entry<A> {
        self.entries[place as usize].as_ref().expect(EXISTS)
    }

    fn entry_mut(&mut self, place: u32) -> &mut Entry<A> {
        self.entries[place as usize].as_mut().expect(EXISTS)
    }
}

impl<A: Automaton> Table<A> for Instances<A> {
    fn find(&self, key: &A::Key) -> Option<Slot> {
        self.by_key.get(key).map(|&place| Slot(place))
    }

    fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        self.places().map(Slot)
    }

    fn serial(&self, slot: Slot) -> Serial {
        self.entry(slot.0).serial
    }

    fn key(&self, slot: Slot) -> &A::Key {
        &self.entry(slot.0).key
    }

    fn instance(&self, slot: Slot) -> &Instance<A> {
        &self.entry(slot.0).instance
    }

    fn parts(&mut self, slot: Slot) -> Parts<'_, A> {
        let Buffers { effects, asked, .. } = &mut self.buffers;
        let entry = self.entries[slot.0 as usize].as_mut().expect(EXISTS);
        Parts { key: &entry.key, instance: &mut entry.instance, effects, asked }
    }

    fn buffers(&self) -> &Buffers<A> {
        &self.buffers
    }

    fn buffers_mut(&mut self) -> &mut Buffers<A> {
        &mut self.buffers
    }

    fn insert(&mut self, key: A::Key, instance: Instance<A>) -> Slot {
        self.created += 1;
        let previous = self.last;
        let entry = Entry { key: key.clone(), serial: Serial(self.created), previous, next: NO_ENTRY, instance };
        let place = match self.free.pop() {
            Some(place) => {
                self.entries[place as usize] = Some(entry);
                place
            }
            None => {
                self.entries.push(Some(entry));
                u32::try_from(self.entries.len() - 1).expect("fewer than 2^32 instances fit into memory")
            }
        };
        if previous == NO_ENTRY {
            self.first = place;
        } else {
            self.entry_mut(previous).next = place;
        }
        self.last = place;
        self.by_key.insert(key, place);
        Slot(place)
    }

    fn remove(&mut self, slot: Slot) {
        let entry = self.entries[slot.0 as usize].take().expect(EXISTS);
        if entry.previous == NO_ENTRY {
            self.first = entry.next;
        } else {
            self.entry_mut(entry.previous).next = entry.next;
        }
        if entry.next == NO_ENTRY {
            self.last = entry.previous;
        } else {
            self.entry_mut(entry.next).previous = entry.previous;
        }
        self.by_key.remove(&entry.key);
        self.free.push(slot.0);
    }
}

/// How many instances are in each leaf. `any`, `all` and `no X in S` read it, in a time that does not depend on how
/// many instances there are.
#[derive(Clone, Debug)]
pub struct StateCounts<S: State> {
    counts: Vec<u64>,
    leaves: std::marker::PhantomData<S>,
}

impl<S: State> Default for StateCounts<S> {
    fn default() -> Self {
        Self { counts: vec![0; S::ALL.len()], leaves: std::marker::PhantomData }
    }
}

impl<S: State> StateCounts<S> {
    /// Whether at least one is in such a state.
    pub fn any(&self, is_in: impl Fn(S) -> bool) -> bool {
        self.occupied().any(is_in)
    }

    /// Whether every existing one is in such a state.
    pub fn all(&self, is_in: impl Fn(S) -> bool) -> bool {
        self.occupied().all(is_in)
    }

    /// An instance went from one state to another. No state: it did not exist before, or no longer exists.
    pub fn moved(&mut self, before: Option<S>, after: Option<S>) {
        if let Some(before) = before {
            self.counts[before.index()] -= 1;
        }
        if let Some(after) = after {
            self.counts[after.index()] += 1;
        }
    }

    fn occupied(&self) -> impl Iterator<Item = S> + '_ {
        S::ALL.iter().copied().filter(|state| self.counts[state.index()] > 0)
    }
}

/// The state of each instance by its key, and how many are in each.
#[derive(Clone, Debug)]
pub struct StateTable<K, S: State> {
    by_key: HashMap<K, S>,
    counts: StateCounts<S>,
}

impl<K, S: State> Default for StateTable<K, S> {
    fn default() -> Self {
        Self { by_key: HashMap::new(), counts: StateCounts::default() }
    }
}

impl<K: Clone + Eq + Hash + Debug, S: State> StateTable<K, S> {
    /// Whether the instance of that key exists and is in such a state.
    pub fn one<Q: Eq + Hash + ?Sized>(&self, key: &Q, is_in: impl Fn(S) -> bool) -> bool
    where
        K: Borrow<Q>,
    {
        self.by_key.get(key).is_some_and(|&state| is_in(state))
    }

    /// Whether at least one is in such a state.
    pub fn any(&self, is_in: impl Fn(S) -> bool) -> bool {
        self.counts.any(is_in)
    }

    /// Whether every existing one is in such a state.
    pub fn all(&self, is_in: impl Fn(S) -> bool) -> bool {
        self.counts.all(is_in)
    }

    /// An instance went from one state to another. No state: it did not exist before, or no longer exists.
    pub fn moved(&mut self, key: &K, before: Option<S>, after: Option<S>) {
        self.counts.moved(before, after);
        match after {
            Some(after) => match self.by_key.get_mut(key) {
                Some(known) => *known = after,
                None => {
                    self.by_key.insert(key.clone(), after);
                }
            },
            None => {
                self.by_key.remove(key);
            }
        }
    }
}
