//! What follows from a set of statements by the plain way: all of them at once, in the order of their places.
//!
//! It says what [`super::fold`] has to come to. Tests hold the two equal, and `check` compares what a store has with it.

use std::collections::{BTreeMap, BTreeSet};

use super::id::{Place, StatementId};
use super::payload::{Payload, StatementKind, Target};
use super::statement::Statement;
use super::store::{Entry, Register, Sum};

/// The index and the sums of a set of statements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// The index.
    pub index: BTreeSet<(Register, Place)>,
    /// The sums, of each target and of all; those of nothing are left out.
    pub sums: BTreeMap<Option<Target>, Sum>,
}

/// Folds statements. They are a whole: with each, those on which it stands.
#[must_use]
pub fn folded(statements: &[(Entry, Statement)]) -> Folded {
    let mut folded = Folded::default();
    let places: BTreeMap<StatementId, Place> = statements.iter().map(|(entry, of)| (of.id(), entry.place)).collect();
    let mut sharing: BTreeMap<_, BTreeSet<Place>> = BTreeMap::new();
    for (entry, _) in statements {
        sharing.entry((entry.author, entry.sequence)).or_default().insert(entry.place);
    }
    let counts = |entry: &Entry| {
        sharing[&(entry.author, entry.sequence)].iter().map(|place| place.id).min() == Some(entry.place.id)
    };
    let taken_back: BTreeSet<_> = statements
        .iter()
        .filter(|(entry, _)| counts(entry))
        .filter_map(|(entry, statement)| match statement.payload() {
            Payload::Retraction(retraction) => Some((entry.author, retraction.of)),
            _ => None,
        })
        .collect();

    let named: BTreeSet<StatementId> = statements.iter().flat_map(|(_, of)| of.body().stands_on()).collect();
    let tips = places.iter().filter(|(id, _)| !named.contains(id)).map(|(_, place)| (Register::Tips, *place));
    folded.index.extend(tips);
    for ((author, _), together) in sharing.iter().filter(|(_, together)| together.len() > 1) {
        folded.index.extend(together.iter().map(|place| (Register::Evidence(*author), *place)));
    }

    let mut standing: Vec<&(Entry, Statement)> = statements
        .iter()
        .filter(|(entry, _)| {
            let is_taken_back = taken_back.contains(&(entry.author, entry.place.id));
            counts(entry) && (entry.kind == StatementKind::Retraction || !is_taken_back)
        })
        .collect();
    standing.sort_by_key(|(entry, _)| entry.place);
    // Later ones take the place of earlier ones.
    let (mut ratings, mut claims) = (BTreeMap::new(), BTreeMap::new());
    for (entry, statement) in standing {
        let mut enter = |register| folded.index.insert((register, entry.place));
        enter(Register::Author(entry.author));
        enter(Register::Kind(entry.kind));
        match statement.payload() {
            Payload::Profile(_) => {
                enter(Register::Profile(entry.author));
            }
            Payload::Note(note) => {
                if let Some(answered) = note.answers {
                    enter(Register::Answers(answered));
                }
            }
            Payload::Rating(rating) => {
                enter(Register::Rating(entry.author, rating.target));
                ratings.insert((entry.author, rating.target), (entry.place, rating.stars));
            }
            Payload::Claim(claim) => {
                enter(Register::Claim(entry.author));
                claims.insert(entry.author, (entry.place, claim.nickname.clone()));
            }
            Payload::Retraction(retraction) => {
                enter(Register::Retraction(entry.author, retraction.of));
            }
        }
    }
    for ((_, target), (place, stars)) in ratings {
        folded.index.insert((Register::RatingsOf(target), place));
        for of in [None, Some(target)] {
            let sum = folded.sums.entry(of).or_default();
            *sum = Sum { ratings: sum.ratings + 1, stars: sum.stars + u64::from(stars) };
        }
    }
    for (place, nickname) in claims.into_values() {
        folded.index.insert((Register::Claimants(nickname), place));
    }
    folded
}
