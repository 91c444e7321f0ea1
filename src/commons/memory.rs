//! A store in memory: for tests, simulations, and as the plainest statement of what a store does.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::ops::Bound;
use std::sync::Arc;

use super::id::{Place, StatementId};
use super::payload::Target;
use super::store::{Change, Entry, Register, Store, Sum};
use crate::identity::NodeId;

/// A store in memory. Two are equal if they hold the same, whatever way it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryStore {
    statements: BTreeMap<StatementId, (Entry, Arc<[u8]>)>,
    places: BTreeSet<Place>,
    sequences: BTreeSet<(NodeId, u64, StatementId)>,
    times: BTreeSet<(u64, StatementId)>,
    index: BTreeSet<(Register, Place)>,
    sums: BTreeMap<Option<Target>, Sum>,
}

impl MemoryStore {
    /// How many statements there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.statements.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// Everything in the index, in order; to compare it.
    pub fn index(&self) -> impl Iterator<Item = &(Register, Place)> {
        self.index.iter()
    }

    /// All sums, of each target and of all; to compare them.
    pub fn sums(&self) -> impl Iterator<Item = (&Option<Target>, &Sum)> {
        self.sums.iter()
    }
}

const LOWEST: StatementId = StatementId([0; 32]);
const HIGHEST: StatementId = StatementId([0xff; 32]);

impl Store for MemoryStore {
    type Error = Infallible;

    fn entry(&self, id: &StatementId) -> Result<Option<Entry>, Infallible> {
        Ok(self.statements.get(id).map(|(entry, _)| *entry))
    }

    fn bytes(&self, id: &StatementId) -> Result<Option<Arc<[u8]>>, Infallible> {
        Ok(self.statements.get(id).map(|(_, bytes)| Arc::clone(bytes)))
    }

    fn sharing(&self, author: &NodeId, sequence: u64) -> Result<Vec<StatementId>, Infallible> {
        let range = (*author, sequence, LOWEST)..=(*author, sequence, HIGHEST);
        Ok(self.sequences.range(range).map(|(_, _, id)| *id).collect())
    }

    fn highest_sequence(&self, author: &NodeId) -> Result<Option<u64>, Infallible> {
        let range = (*author, 0, LOWEST)..=(*author, u64::MAX, HIGHEST);
        Ok(self.sequences.range(range).next_back().map(|(_, sequence, _)| *sequence))
    }

    fn after(&self, place: Place, limit: usize) -> Result<Vec<Place>, Infallible> {
        Ok(self.places.range((Bound::Excluded(place), Bound::Unbounded)).take(limit).copied().collect())
    }

    fn later_than(&self, time_unix_ms: u64, limit: usize) -> Result<Vec<StatementId>, Infallible> {
        let range = (Bound::Excluded((time_unix_ms, HIGHEST)), Bound::Unbounded);
        Ok(self.times.range(range).rev().take(limit).map(|(_, id)| *id).collect())
    }

    fn listed(&self, register: &Register, after: Option<Place>, limit: usize) -> Result<Vec<Place>, Infallible> {
        let from = match after {
            Some(place) => Bound::Excluded((register.clone(), place)),
            None => Bound::Included((register.clone(), Place::FIRST)),
        };
        let to = Bound::Included((register.clone(), Place::LAST));
        if after == Some(Place::LAST) {
            return Ok(Vec::new());
        }
        Ok(self.index.range((from, to)).take(limit).map(|(_, place)| *place).collect())
    }

    fn last(&self, register: &Register, before: Option<Place>) -> Result<Option<Place>, Infallible> {
        let from = Bound::Included((register.clone(), Place::FIRST));
        let to = match before {
            Some(Place::FIRST) => return Ok(None),
            Some(place) => Bound::Excluded((register.clone(), place)),
            None => Bound::Included((register.clone(), Place::LAST)),
        };
        Ok(self.index.range((from, to)).next_back().map(|(_, place)| *place))
    }

    fn has(&self, register: &Register, place: Place) -> Result<bool, Infallible> {
        Ok(self.index.contains(&(register.clone(), place)))
    }

    fn sum(&self, of: Option<&Target>) -> Result<Sum, Infallible> {
        Ok(self.sums.get(&of.copied()).copied().unwrap_or_default())
    }

    fn commit(&mut self, changes: &[Change]) -> Result<(), Infallible> {
        for change in changes {
            match change {
                Change::Keep(entry, bytes) => {
                    let Entry { place, author, sequence, time_unix_ms, .. } = *entry;
                    self.statements.insert(place.id, (*entry, Arc::clone(bytes)));
                    self.places.insert(place);
                    self.sequences.insert((author, sequence, place.id));
                    self.times.insert((time_unix_ms, place.id));
                }
                Change::Enter(register, place) => {
                    self.index.insert((register.clone(), *place));
                }
                Change::Leave(register, place) => {
                    self.index.remove(&(register.clone(), *place));
                }
                Change::Sum(of, sum) if *sum == Sum::default() => {
                    self.sums.remove(of);
                }
                Change::Sum(of, sum) => {
                    self.sums.insert(*of, *sum);
                }
            }
        }
        Ok(())
    }
}
