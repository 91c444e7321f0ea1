//! Where the database is kept, behind one narrow trait: a set of statements, an index, and sums.
//!
//! The index is one ordered set of pairs, a [`Register`] and a [`Place`]. Profiles, notes with their answers, ratings,
//! claims, retractions, tips and evidence are all questions to it, so a store needs to know nothing about any of them.

use std::sync::Arc;

use super::id::{Place, StatementId};
use super::payload::{StatementKind, Target};
use crate::identity::NodeId;
use crate::nickname::Nickname;

/// What is kept of a statement beside its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands.
    pub place: Place,
    /// Who said it.
    pub author: NodeId,
    /// Counts the author's statements.
    pub sequence: u64,
    /// When, by the author's clock: unix time in milliseconds.
    pub time_unix_ms: u64,
    /// Counts the author's statements of its day in UTC, along its chain, from 1.
    pub of_day: u32,
    /// What it is about.
    pub kind: StatementKind,
}

/// A list of statements, in the order of their places.
///
/// A statement *stands* if no other of its author with the same sequence number has a lower id, and its author has not
/// taken it back. Unless something else is said, a register has the standing ones only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Register {
    /// All of an author.
    Author(NodeId),
    /// All of a kind.
    Kind(StatementKind),
    /// Notes that answer a statement.
    Answers(StatementId),
    /// Profiles of an author; the last one counts.
    Profile(NodeId),
    /// Ratings of a target by an author; the last one counts.
    Rating(NodeId, Target),
    /// Claims of an author; the last one counts.
    Claim(NodeId),
    /// Retractions of a statement by an author; the statement is taken back if there is one.
    Retraction(NodeId, StatementId),
    /// Of each author the rating of a target that counts.
    RatingsOf(Target),
    /// Of each author the claim that counts, if it is to this nickname.
    Claimants(Nickname),
    /// Statements of an author that share their sequence number with another, whether they stand or not: the evidence
    /// that the author equivocates.
    Evidence(NodeId),
    /// Statements that no other names, whether they stand or not.
    Tips,
}

impl Register {
    /// A key for databases: different registers have different ones.
    #[must_use]
    pub fn key(&self) -> Vec<u8> {
        let target = |target: &Target| match target {
            Target::Statement(id) => [&[0], &id.as_bytes()[..]].concat(),
            Target::Author(id) => [&[1], &id.as_bytes()[..]].concat(),
        };
        match self {
            Self::Author(author) => [&[0], &author.as_bytes()[..]].concat(),
            Self::Kind(kind) => vec![1, kind.code()],
            Self::Answers(id) => [&[2], &id.as_bytes()[..]].concat(),
            Self::Profile(author) => [&[3], &author.as_bytes()[..]].concat(),
            Self::Rating(author, of) => [&[4], &author.as_bytes()[..], &target(of)].concat(),
            Self::Claim(author) => [&[5], &author.as_bytes()[..]].concat(),
            Self::Retraction(author, of) => [&[6], &author.as_bytes()[..], &of.as_bytes()[..]].concat(),
            Self::RatingsOf(of) => [&[7], &target(of)[..]].concat(),
            Self::Claimants(nickname) => [&[8], nickname.as_str().as_bytes()].concat(),
            Self::Evidence(author) => [&[9], &author.as_bytes()[..]].concat(),
            Self::Tips => vec![10],
        }
    }
}

/// Ratings, counted. Only those that count are in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many.
    pub ratings: u64,
    /// Their stars together.
    pub stars: u64,
}

/// A step of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A statement that is new.
    Keep(Entry, Arc<[u8]>),
    /// It is in this register from now on.
    Enter(Register, Place),
    /// It no longer is.
    Leave(Register, Place),
    /// The sum of ratings of a target, or of all (`None`), is this.
    Sum(Option<Target>, Sum),
}

/// Where the database is kept.
pub trait Store {
    /// Why it could not be read or written.
    type Error: std::error::Error + Send + Sync + 'static;

    /// What is known of a statement, if it is here.
    ///
    /// # Errors
    /// If the store cannot be read; so with all others.
    fn entry(&self, id: &StatementId) -> Result<Option<Entry>, Self::Error>;

    /// The exact bytes of a statement, if it is here.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn bytes(&self, id: &StatementId) -> Result<Option<Arc<[u8]>>, Self::Error>;

    /// All statements of an author with that sequence number, by ascending id.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn sharing(&self, author: &NodeId, sequence: u64) -> Result<Vec<StatementId>, Self::Error>;

    /// The highest sequence number of an author.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn highest_sequence(&self, author: &NodeId) -> Result<Option<u64>, Self::Error>;

    /// The statements after a place, in order, at most `limit` of them.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn after(&self, place: Place, limit: usize) -> Result<Vec<Place>, Self::Error>;

    /// Statements that are later than a time, at most `limit` of them, the latest first; of one time, those with higher
    /// ids first.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn later_than(&self, time_unix_ms: u64, limit: usize) -> Result<Vec<StatementId>, Self::Error>;

    /// What a register has after a place, in order, at most `limit` of it.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn listed(&self, register: &Register, after: Option<Place>, limit: usize) -> Result<Vec<Place>, Self::Error>;

    /// The last one in a register that stands before a place, or the last of all.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn last(&self, register: &Register, before: Option<Place>) -> Result<Option<Place>, Self::Error>;

    /// Whether a register has it.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn has(&self, register: &Register, place: Place) -> Result<bool, Self::Error>;

    /// The ratings of a target, or of all.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn sum(&self, of: Option<&Target>) -> Result<Sum, Self::Error>;

    /// Makes all of these changes, or none, and returns once they last. Entering twice is entering once, and leaving
    /// where it is not changes nothing.
    ///
    /// # Errors
    /// If the store cannot be written; then nothing has changed.
    fn commit(&mut self, changes: &[Change]) -> Result<(), Self::Error>;
}
