//! A change that is being put together: reads see what it has done so far, and nothing is written before it is whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::id::{Place, StatementId};
use super::payload::Target;
use super::store::{Change, Entry, Register, Store, Sum};

/// A change to a store, with the new statement that causes it.
pub(super) struct Draft<'a, S> {
    store: &'a S,
    new: Entry,
    bytes: Arc<[u8]>,
    moves: BTreeMap<(Register, Place), bool>,
    sums: BTreeMap<Option<Target>, Sum>,
}

impl<'a, S: Store> Draft<'a, S> {
    pub(super) fn new(store: &'a S, new: Entry, bytes: Arc<[u8]>) -> Self {
        Self { store, new, bytes, moves: BTreeMap::new(), sums: BTreeMap::new() }
    }

    pub(super) fn into_changes(self) -> Vec<Change> {
        let moves = self.moves.into_iter().map(|((register, place), is_in)| {
            if is_in { Change::Enter(register, place) } else { Change::Leave(register, place) }
        });
        let sums = self.sums.into_iter().map(|(of, sum)| Change::Sum(of, sum));
        [Change::Keep(self.new, self.bytes)].into_iter().chain(moves).chain(sums).collect()
    }

    pub(super) fn entry(&self, id: &StatementId) -> Result<Option<Entry>, S::Error> {
        if *id == self.new.place.id { Ok(Some(self.new)) } else { self.store.entry(id) }
    }

    pub(super) fn bytes(&self, id: &StatementId) -> Result<Option<Arc<[u8]>>, S::Error> {
        if *id == self.new.place.id { Ok(Some(Arc::clone(&self.bytes))) } else { self.store.bytes(id) }
    }

    /// Statements with the sequence number of the new one, without it.
    pub(super) fn rivals(&self) -> Result<Vec<StatementId>, S::Error> {
        self.store.sharing(&self.new.author, self.new.sequence)
    }

    /// The one that counts of those that share a sequence number.
    pub(super) fn first_sharing(&self, entry: &Entry) -> Result<StatementId, S::Error> {
        let kept = self.store.sharing(&entry.author, entry.sequence)?.first().copied();
        let new = (entry.author == self.new.author && entry.sequence == self.new.sequence).then_some(self.new.place.id);
        Ok(kept.into_iter().chain(new).min().unwrap_or(entry.place.id))
    }

    pub(super) fn put(&mut self, register: Register, place: Place, is_in: bool) {
        self.moves.insert((register, place), is_in);
    }

    pub(super) fn has(&self, register: &Register, place: Place) -> Result<bool, S::Error> {
        match self.moves.get(&(register.clone(), place)) {
            Some(is_in) => Ok(*is_in),
            None => self.store.has(register, place),
        }
    }

    pub(super) fn last(&self, register: &Register) -> Result<Option<Place>, S::Error> {
        let mut kept = self.store.last(register, None)?;
        while let Some(place) = kept
            && self.moves.get(&(register.clone(), place)) == Some(&false)
        {
            kept = self.store.last(register, Some(place))?;
        }
        let range = (register.clone(), Place::FIRST)..=(register.clone(), Place::LAST);
        let put = self.moves.range(range).rev().find(|(_, is_in)| **is_in).map(|((_, place), _)| *place);
        Ok(kept.max(put))
    }

    /// Changes the sum of ratings of a target, and that of all.
    pub(super) fn rate(&mut self, target: Target, stars: u8, is_in: bool) -> Result<(), S::Error> {
        for of in [None, Some(target)] {
            let before = match self.sums.get(&of) {
                Some(sum) => *sum,
                None => self.store.sum(of.as_ref())?,
            };
            let stars = u64::from(stars);
            let sum = if is_in {
                Sum { ratings: before.ratings + 1, stars: before.stars + stars }
            } else {
                // What is taken out was put in before: an index that says otherwise is damaged, which the check finds.
                Sum { ratings: before.ratings.saturating_sub(1), stars: before.stars.saturating_sub(stars) }
            };
            self.sums.insert(of, sum);
        }
        Ok(())
    }
}
