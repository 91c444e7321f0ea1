//! The shared database: statements come in, in any order, and what follows from them is kept.

use std::collections::VecDeque;

use super::digest::DigestTree;
use super::fold::fold;
use super::id::{Place, StatementId};
use super::limits::STATEMENT_PARENTS;
use super::orphans::Orphans;
use super::payload::Payload;
use super::place::{Placing, place};
use super::refusal::{Blame, Refusal};
use super::stamp::Stamp;
use super::statement::{Network, Statement, StatementBody};
use super::store::{Register, Store};
use crate::codec::AtMost;
use crate::identity::NodeId;

/// Statements that are read from a store at a time.
const PAGE: usize = 1024;

/// The shared database of one network, as far as it is here.
pub struct Commons<S> {
    network: Network,
    store: S,
    tree: DigestTree,
    orphans: Orphans,
}

/// What became of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was here, or waits already.
    Known,
    /// It waits for these, which it names.
    Waits(Vec<StatementId>),
    /// It is here now, and perhaps others are that waited for it.
    New(Settled),
}

/// What followed from a statement that came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// What is here now, in topological order.
    pub accepted: Vec<Place>,
    /// What had waited and is refused, who had sent it, and why.
    pub refused: Vec<(StatementId, NodeId, Refusal)>,
}

/// Why a statement was not taken.
#[derive(Debug, thiserror::Error)]
pub enum TakeError<E> {
    /// It is refused. With it what waited for it, if it is not valid.
    #[error("{refusal}")]
    Refused {
        /// Why.
        refusal: Refusal,
        /// What had waited for it, who had sent it, and why it is refused.
        with_it: Vec<(StatementId, NodeId, Refusal)>,
    },
    /// The store failed. Nothing has changed.
    #[error("the shared database cannot be read or written: {0}")]
    Store(#[from] E),
}

impl<S: Store> Commons<S> {
    /// The database that a store keeps.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn open(network: Network, store: S) -> Result<Self, S::Error> {
        let (mut tree, mut last) = (DigestTree::default(), Place::FIRST);
        loop {
            let page = store.after(last, PAGE)?;
            let Some(end) = page.last() else { break };
            last = *end;
            tree.extend(page.iter().map(|place| place.id));
        }
        Ok(Self { network, store, tree, orphans: Orphans::default() })
    }

    /// In which network.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// What is kept.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Gives the store back.
    #[must_use]
    pub fn into_store(self) -> S {
        self.store
    }

    /// The digest. A copy costs nothing, and stays as it is.
    #[must_use]
    pub fn tree(&self) -> &DigestTree {
        &self.tree
    }

    /// What waits.
    #[must_use]
    pub fn orphans(&self) -> &Orphans {
        &self.orphans
    }

    /// What has waited too long waits no longer. The clock is one that never runs backwards, as in [`Self::take`].
    pub fn expire(&mut self, now_ms: u64) -> Vec<(StatementId, NodeId, Refusal)> {
        self.orphans.expire(now_ms)
    }

    /// Whether a statement is here, or waits for its parents.
    #[must_use]
    pub fn knows(&self, id: &StatementId) -> bool {
        self.tree.contains(id) || self.orphans.contains(id)
    }

    /// Takes a statement that `from` has sent, who may be ourselves. `now_unix_ms` is what the clock shows, `now_ms` one
    /// that never runs backwards.
    ///
    /// # Errors
    /// If it is refused, or the store fails.
    pub fn take(
        &mut self,
        bytes: &[u8],
        from: NodeId,
        now_unix_ms: u64,
        now_ms: u64,
    ) -> Result<Taken, TakeError<S::Error>> {
        // Most of what comes twice is told by its hash alone.
        let id = StatementId::of(bytes);
        if self.knows(&id) {
            return Ok(Taken::Known);
        }
        let verified = Statement::verify(bytes, &self.network, now_unix_ms);
        let statement = verified.map_err(|refusal| self.refuse(id, refusal))?;
        self.take_verified(statement, from, now_ms)
    }

    /// Takes a statement that was verified elsewhere, on a thread of its own, say: that is most of the work.
    ///
    /// # Errors
    /// If it is refused, or the store fails.
    pub fn take_verified(
        &mut self,
        statement: Statement,
        from: NodeId,
        now_ms: u64,
    ) -> Result<Taken, TakeError<S::Error>> {
        let id = statement.id();
        if self.knows(&id) {
            return Ok(Taken::Known);
        }
        match place(&self.store, &self.network, &statement)? {
            Placing::Refused(refusal) => Err(self.refuse(id, refusal)),
            Placing::Lacks(lacks) => {
                let waits = self.orphans.add(statement, lacks.clone(), from, now_ms);
                waits.map_err(|refusal| self.refuse(id, refusal))?;
                Ok(Taken::Waits(lacks))
            }
            Placing::Here(_) => self.settle(statement, from, now_ms).map(Taken::New),
        }
    }

    /// Lets a statement in whose parents are here, and then those that waited for it.
    fn settle(&mut self, statement: Statement, from: NodeId, now_ms: u64) -> Result<Settled, TakeError<S::Error>> {
        let (mut settled, mut next) = (Settled::default(), VecDeque::from([(statement, from)]));
        while let Some((statement, from)) = next.pop_front() {
            match place(&self.store, &self.network, &statement)? {
                Placing::Here(entry) => {
                    let changes = fold(&self.store, &self.network, entry, &statement)?;
                    self.store.commit(&changes)?;
                    self.tree.insert(entry.place.id);
                    settled.accepted.push(entry.place);
                    next.extend(self.orphans.arrived(&entry.place.id));
                }
                Placing::Refused(refusal) => {
                    settled.refused.push((statement.id(), from, refusal));
                    settled.refused.extend(self.orphans.refused(&statement.id()));
                }
                // It was let go when the last of its parents came, so this does not happen to a sound store.
                Placing::Lacks(lacks) => {
                    let id = statement.id();
                    if let Err(refusal) = self.orphans.add(statement, lacks, from, now_ms) {
                        settled.refused.push((id, from, refusal));
                    }
                }
            }
        }
        Ok(settled)
    }

    fn refuse(&mut self, id: StatementId, refusal: Refusal) -> TakeError<S::Error> {
        let with_it = if refusal.blame() == Blame::Invalid { self.orphans.refused(&id) } else { Vec::new() };
        TakeError::Refused { refusal, with_it }
    }

    /// The next statement of an author, to be stamped and signed. It stands on the author's last one and on the tips,
    /// those with the lowest places first, so that what was apart grows together.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn next_statement(
        &self,
        author: NodeId,
        payload: &Payload,
        now_unix_ms: u64,
    ) -> Result<StatementBody, S::Error> {
        let last = self.store.highest_sequence(&author)?;
        let previous = match last {
            Some(sequence) => self.store.sharing(&author, sequence)?.first().copied(),
            None => None,
        };
        let tips = self.store.listed(&Register::Tips, None, STATEMENT_PARENTS + 1)?;
        let room = if previous.is_some() { STATEMENT_PARENTS - 1 } else { STATEMENT_PARENTS };
        let tips = tips.iter().map(|place| place.id).filter(|id| Some(*id) != previous);
        let mut parents: Vec<StatementId> = tips.take(room).collect();
        if parents.is_empty() && previous.is_none() {
            parents.push(self.network.genesis);
        }
        parents.sort();
        let mut time_unix_ms = now_unix_ms;
        for id in previous.iter().chain(&parents) {
            time_unix_ms = time_unix_ms.max(self.store.entry(id)?.map_or(0, |entry| entry.time_unix_ms));
        }
        Ok(StatementBody {
            network: self.network.name.clone(),
            author,
            sequence: last.unwrap_or(0) + 1,
            previous,
            parents: AtMost::from(parents),
            time_unix_ms,
            kind: payload.kind(),
            payload: payload.encode(),
            stamp: Stamp::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commons::limits::STATEMENTS_PER_DAY;
    use crate::commons::memory::MemoryStore;
    use crate::commons::samples::{Author, NOW, network, note};

    const DAY_MS: u64 = 24 * 60 * 60 * 1000;

    fn empty() -> Commons<MemoryStore> {
        Commons::open(network(), MemoryStore::default()).expect("it opens")
    }

    fn take(commons: &mut Commons<MemoryStore>, statement: &Statement) -> Result<Taken, Refusal> {
        let from = statement.body().author;
        commons.take(statement.as_bytes(), from, u64::MAX, 0).map_err(|error| match error {
            TakeError::Refused { refusal, .. } => refusal,
            TakeError::Store(never) => match never {},
        })
    }

    #[test]
    fn each_rule_of_place_has_its_refusal() {
        let mut commons = empty();
        let (alice, bob) = (Author::numbered(1), Author::numbered(2));
        let first = alice.say(&mut commons, &note("first"), NOW);
        let next = commons.next_statement(alice.id(), &note("next"), NOW).expect("read");
        for (wrong, refusal) in [
            (StatementBody { sequence: 3, ..next.clone() }, Refusal::SequenceGap { sequence: 3, before: 1 }),
            (StatementBody { time_unix_ms: NOW - 1, ..next.clone() }, Refusal::BeforeParent { parent: first.id() }),
        ] {
            assert_eq!(take(&mut commons, &alice.sign(&wrong)), Err(refusal));
        }
        let stolen = bob.sign(&StatementBody { author: bob.id(), ..next.clone() });
        assert_eq!(take(&mut commons, &stolen), Err(Refusal::OtherAuthor { previous: first.id() }));
        assert_eq!(commons.tree().count(), 1);
        assert!(matches!(take(&mut commons, &alice.sign(&next)), Ok(Taken::New(_))));
        assert_eq!(take(&mut commons, &alice.sign(&next)), Ok(Taken::Known));
    }

    #[test]
    fn an_author_has_so_many_statements_in_a_day() {
        let mut commons = empty();
        let alice = Author::numbered(1);
        let midnight = NOW.next_multiple_of(DAY_MS);
        for number in 0..STATEMENTS_PER_DAY {
            alice.say(&mut commons, &note(&format!("{number}")), midnight + u64::from(number));
        }
        let next = |time| commons.next_statement(alice.id(), &note("one more"), time).expect("read");
        let (today, tomorrow) = (next(midnight + DAY_MS - 1), next(midnight + DAY_MS));
        assert_eq!(take(&mut commons, &alice.sign(&today)), Err(Refusal::TooManyInDay));
        assert!(matches!(take(&mut commons, &alice.sign(&tomorrow)), Ok(Taken::New(_))));
    }

    #[test]
    fn what_waited_comes_with_its_parents_and_goes_with_them() {
        let (mut here, mut there) = (empty(), empty());
        let (alice, bob) = (Author::numbered(1), Author::numbered(2));
        let said = [1, 2, 3].map(|number: u64| alice.say(&mut here, &note(&format!("{number}")), NOW + number));
        assert_eq!(take(&mut there, &said[2]), Ok(Taken::Waits(vec![said[1].id()])));
        assert_eq!(take(&mut there, &said[2]), Ok(Taken::Known));
        assert_eq!(take(&mut there, &said[1]), Ok(Taken::Waits(vec![said[0].id()])));
        let Ok(Taken::New(settled)) = take(&mut there, &said[0]) else { panic!("it is new") };
        let places = settled.accepted.iter().map(|place| (place.generation, place.id)).collect::<Vec<_>>();
        assert_eq!(places, [(1, said[0].id()), (2, said[1].id()), (3, said[2].id())]);
        assert_eq!((there.tree().root(), there.store()), (here.tree().root(), here.store()));

        // One that stands on what is not valid waits, and is refused with it.
        let gap = commons_gap(&here, &alice);
        let on_it = bob.note_on(&[gap.id()], "yes");
        let late = StatementBody { time_unix_ms: NOW + 9, ..on_it.body().clone() };
        let late = bob.sign(&late);
        assert_eq!(take(&mut here, &late), Ok(Taken::Waits(vec![gap.id()])));
        let Err(TakeError::Refused { refusal, with_it }) = here.take(gap.as_bytes(), alice.id(), u64::MAX, 0) else {
            panic!("it is refused");
        };
        assert_eq!(refusal, Refusal::SequenceGap { sequence: 9, before: 3 });
        assert_eq!(with_it, [(late.id(), bob.id(), Refusal::OnRefused { parent: gap.id() })]);
        assert_eq!(here.orphans().used().statements, 0);
    }

    fn commons_gap(commons: &Commons<MemoryStore>, author: &Author) -> Statement {
        let next = commons.next_statement(author.id(), &note("4"), NOW + 9).expect("read");
        author.sign(&StatementBody { sequence: 9, ..next })
    }

    #[test]
    fn a_database_that_is_opened_again_is_the_same() {
        let mut commons = empty();
        let alice = Author::numbered(1);
        for number in 0..40 {
            alice.say(&mut commons, &note(&format!("{number}")), NOW + number);
        }
        let root = commons.tree().root();
        let again = Commons::open(network(), commons.into_store()).expect("it opens");
        assert_eq!(again.tree().root(), root);
    }
}
