//! Checks a whole database: each statement against its id, its signature and its place, and what is kept of it against
//! what follows from all of them.

use std::collections::{BTreeMap, BTreeSet};

use super::digest::DigestTree;
use super::id::{Place, StatementId};
use super::payload::{Payload, Target};
use super::place::{Placing, place};
use super::reference::folded;
use super::refusal::Refusal;
use super::statement::{Network, Statement};
use super::store::{Entry, Register, Store, Sum};

/// Places that are read at a time.
const PAGE: usize = 1024;

/// What is wrong in a database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A statement is listed, and is not there.
    #[error("statement {0} is listed, but missing")]
    Missing(StatementId),
    /// The bytes of a statement are others than they were.
    #[error("the bytes of statement {0} were altered")]
    Altered(StatementId),
    /// A statement is not valid.
    #[error("statement {0} is not valid: {1}")]
    Invalid(StatementId, Refusal),
    /// A statement stands on one that is not here.
    #[error("statement {0} stands on others that are missing")]
    WithoutParents(StatementId),
    /// What is kept of a statement is not what it says.
    #[error("what is kept about statement {0} is not what it says")]
    WrongEntry(StatementId),
    /// A statement is in a list in which it should not be, or the other way round.
    #[error("statement {0} is in the wrong lists")]
    WrongIndex(StatementId),
    /// A sum of ratings is wrong.
    #[error("a sum of ratings is wrong")]
    WrongSum(Option<Target>),
    /// The digest does not have the statements that are here.
    #[error("the digest does not match the statements")]
    WrongDigest,
}

/// Everything that is wrong, in the order of the statements. It holds all statements in memory while it works.
///
/// # Errors
/// If the store cannot be read.
pub fn check<S: Store>(store: &S, network: &Network, tree: &DigestTree) -> Result<Vec<Fault>, S::Error> {
    let (mut faults, mut sound, mut ids) = (Vec::new(), Vec::new(), DigestTree::default());
    let mut last = Place::FIRST;
    loop {
        let page = store.after(last, PAGE)?;
        let Some(end) = page.last() else { break };
        last = *end;
        for place in page {
            ids.insert(place.id);
            match check_one(store, network, place)? {
                Ok(statement) => sound.push(statement),
                Err(fault) => faults.push(fault),
            }
        }
    }
    if ids.root() != tree.root() {
        faults.push(Fault::WrongDigest);
    }
    // Where statements are lost, what follows from them cannot be compared.
    if faults.is_empty() {
        check_index(store, &sound, &mut faults)?;
    }
    Ok(faults)
}

fn check_one<S: Store>(
    store: &S,
    network: &Network,
    listed: Place,
) -> Result<Result<(Entry, Statement), Fault>, S::Error> {
    let id = listed.id;
    let (Some(bytes), Some(entry)) = (store.bytes(&id)?, store.entry(&id)?) else {
        return Ok(Err(Fault::Missing(id)));
    };
    if StatementId::of(&bytes) != id {
        return Ok(Err(Fault::Altered(id)));
    }
    // It came when its time had come.
    let statement = match Statement::verify(&bytes, network, u64::MAX) {
        Ok(statement) => statement,
        Err(refusal) => return Ok(Err(Fault::Invalid(id, refusal))),
    };
    Ok(match place(store, network, &statement)? {
        Placing::Here(placed) if placed == entry && entry.place == listed => Ok((entry, statement)),
        Placing::Here(_) => Err(Fault::WrongEntry(id)),
        Placing::Lacks(_) => Err(Fault::WithoutParents(id)),
        Placing::Refused(refusal) => Err(Fault::Invalid(id, refusal)),
    })
}

fn check_index<S: Store>(
    store: &S,
    statements: &[(Entry, Statement)],
    faults: &mut Vec<Fault>,
) -> Result<(), S::Error> {
    let expected = folded(statements);
    let (mut wrong, mut sums) = (BTreeSet::new(), BTreeMap::from([(None, Sum::default())]));
    for (entry, statement) in statements {
        for register in registers(entry, statement.payload()) {
            let is_listed = store.has(&register, entry.place)?;
            if is_listed != expected.index.contains(&(register, entry.place)) {
                wrong.insert(entry.place);
            }
        }
        if let Payload::Rating(rating) = statement.payload() {
            sums.insert(Some(rating.target), Sum::default());
        }
    }
    faults.extend(wrong.into_iter().map(|place| Fault::WrongIndex(place.id)));
    sums.extend(expected.sums);
    for (of, sum) in sums {
        if store.sum(of.as_ref())? != sum {
            faults.push(Fault::WrongSum(of));
        }
    }
    Ok(())
}

/// All registers in which a statement can be.
fn registers(entry: &Entry, payload: &Payload) -> Vec<Register> {
    let author = entry.author;
    let mut registers =
        vec![Register::Author(author), Register::Kind(entry.kind), Register::Evidence(author), Register::Tips];
    match payload {
        Payload::Profile(_) => registers.push(Register::Profile(author)),
        Payload::Note(note) => registers.extend(note.answers.map(Register::Answers)),
        Payload::Rating(rating) => {
            registers.extend([Register::Rating(author, rating.target), Register::RatingsOf(rating.target)]);
        }
        Payload::Claim(claim) => {
            registers.extend([Register::Claim(author), Register::Claimants(claim.nickname.clone())]);
        }
        Payload::Retraction(retraction) => registers.push(Register::Retraction(author, retraction.of)),
    }
    registers
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::commons::database::Commons;
    use crate::commons::memory::MemoryStore;
    use crate::commons::payload::Rating;
    use crate::commons::samples::{Author, NOW, network, note};
    use crate::commons::store::Change;

    fn database() -> (MemoryStore, DigestTree, Statement) {
        let mut commons = Commons::open(network(), MemoryStore::default()).expect("it opens");
        let (alice, bob) = (Author::numbered(1), Author::numbered(2));
        let said = alice.say(&mut commons, &note("hello"), NOW);
        let rating = Rating { target: Target::Statement(said.id()), stars: 4 };
        bob.say(&mut commons, &Payload::Rating(rating), NOW);
        (commons.store().clone(), commons.tree().clone(), said)
    }

    #[test]
    fn what_was_altered_is_found_by_name() {
        let (store, tree, said) = database();
        let id = said.id();
        let entry = store.entry(&id).expect("read").expect("it is there");
        assert_eq!(check(&store, &network(), &tree), Ok(vec![]));
        let mut bytes = said.as_bytes().to_vec();
        bytes[60] ^= 1;
        let target = Target::Statement(id);
        for (change, fault) in [
            (Change::Keep(entry, Arc::from(bytes)), Fault::Altered(id)),
            (Change::Keep(Entry { of_day: 2, ..entry }, said.to_shared()), Fault::WrongEntry(id)),
            (Change::Enter(Register::Tips, entry.place), Fault::WrongIndex(id)),
            (Change::Leave(Register::Author(entry.author), entry.place), Fault::WrongIndex(id)),
            (Change::Sum(Some(target), Sum { ratings: 1, stars: 5 }), Fault::WrongSum(Some(target))),
            (Change::Sum(None, Sum::default()), Fault::WrongSum(None)),
        ] {
            let mut store = store.clone();
            store.commit(std::slice::from_ref(&change)).expect("it is written");
            assert_eq!(check(&store, &network(), &tree), Ok(vec![fault]), "{change:?}");
        }
        assert_eq!(check(&store, &network(), &DigestTree::default()), Ok(vec![Fault::WrongDigest]));
    }
}
