//! Whether a statement is valid in its place: its parents are here, and it follows them as it should.
//!
//! The answer depends on what the statement stands on and on nothing else. So all nodes give the same one, whatever
//! else they hold and in whatever order it came.

use super::id::{Place, StatementId};
use super::limits::STATEMENTS_PER_DAY;
use super::refusal::Refusal;
use super::statement::{Network, Statement};
use super::store::{Entry, Store};

/// Milliseconds of a day.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Where a statement belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placing {
    /// It is valid here.
    Here(Entry),
    /// These, which it names, are not here yet. At most one more than a statement has parents.
    Lacks(Vec<StatementId>),
    /// It is valid nowhere.
    Refused(Refusal),
}

/// Finds the place of a statement.
///
/// # Errors
/// If the store cannot be read.
pub fn place<S: Store>(store: &S, network: &Network, statement: &Statement) -> Result<Placing, S::Error> {
    let body = statement.body();
    let (mut generation, mut lacks) = (0, Vec::new());
    for parent in body.stands_on().filter(|id| *id != network.genesis) {
        match store.entry(&parent)? {
            Some(entry) if entry.time_unix_ms > body.time_unix_ms => {
                return Ok(Placing::Refused(Refusal::BeforeParent { parent }));
            }
            Some(entry) => generation = generation.max(entry.place.generation),
            None => lacks.push(parent),
        }
    }
    if !lacks.is_empty() {
        return Ok(Placing::Lacks(lacks));
    }
    let mut of_day = 1;
    if let Some(previous) = body.previous {
        let before = store.entry(&previous)?.expect("it was found above, and statements are never removed");
        if before.author != body.author {
            return Ok(Placing::Refused(Refusal::OtherAuthor { previous }));
        }
        if before.sequence + 1 != body.sequence {
            let (sequence, before) = (body.sequence, before.sequence);
            return Ok(Placing::Refused(Refusal::SequenceGap { sequence, before }));
        }
        if before.time_unix_ms / DAY_MS == body.time_unix_ms / DAY_MS {
            of_day = before.of_day + 1;
        }
    }
    if of_day > STATEMENTS_PER_DAY {
        return Ok(Placing::Refused(Refusal::TooManyInDay));
    }
    Ok(Placing::Here(Entry {
        place: Place { generation: generation + 1, id: statement.id() },
        author: body.author,
        sequence: body.sequence,
        time_unix_ms: body.time_unix_ms,
        of_day,
        kind: body.kind,
    }))
}
