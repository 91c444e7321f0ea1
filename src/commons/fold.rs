//! What follows from the statements: profiles, notes and answers, ratings and their sums, claims, retractions, tips,
//! evidence.
//!
//! The outcome is a function of the set of statements: fold them in the order of their places and it is this. It is
//! kept up to date with each statement that comes in, in whatever order they come, and each costs a few look-ups. That
//! works because every question to the state is of one form: which statement of some register is the last that stands.
//! [`super::reference`] is the same by the plain way, over all statements at once, and tests hold the two equal.

use std::sync::Arc;

use super::draft::Draft;
use super::id::{Place, StatementId};
use super::payload::{Payload, StatementKind};
use super::statement::{Network, Statement};
use super::store::{Change, Entry, Register, Store};

/// The changes that a new statement makes. Whether it is valid in its place was asked before.
///
/// # Errors
/// If the store cannot be read.
pub fn fold<S: Store>(
    store: &S,
    network: &Network,
    entry: Entry,
    statement: &Statement,
) -> Result<Vec<Change>, S::Error> {
    let mut fold = Fold { draft: Draft::new(store, entry, statement.to_shared()), network };
    fold.add(entry, statement)?;
    Ok(fold.draft.into_changes())
}

struct Fold<'a, S> {
    draft: Draft<'a, S>,
    network: &'a Network,
}

impl<S: Store> Fold<'_, S> {
    fn add(&mut self, new: Entry, statement: &Statement) -> Result<(), S::Error> {
        for parent in statement.body().stands_on() {
            if let Some(entry) = self.draft.entry(&parent)? {
                self.draft.put(Register::Tips, entry.place, false);
            }
        }
        // Parents come before their children, so nobody names it yet.
        self.draft.put(Register::Tips, new.place, true);

        let rivals = self.draft.rivals()?;
        if !rivals.is_empty() {
            for id in rivals.iter().chain([&new.place.id]) {
                if let Some(entry) = self.draft.entry(id)? {
                    self.draft.put(Register::Evidence(new.author), entry.place, true);
                }
            }
            // The lowest id counts. If that is the new one now, the one before it counts no longer.
            if let Some(entry) = self.draft.entry(&rivals[0])? {
                self.judge(entry)?;
            }
        }
        self.judge(new)
    }

    /// Puts a statement into its registers, or takes it out, as it stands now.
    fn judge(&mut self, entry: Entry) -> Result<(), S::Error> {
        let taken_back = Register::Retraction(entry.author, entry.place.id);
        let stands = self.draft.first_sharing(&entry)? == entry.place.id
            && (entry.kind == StatementKind::Retraction || self.draft.last(&taken_back)?.is_none());
        if self.draft.has(&Register::Author(entry.author), entry.place)? == stands {
            return Ok(());
        }
        self.draft.put(Register::Author(entry.author), entry.place, stands);
        self.draft.put(Register::Kind(entry.kind), entry.place, stands);
        let Some(payload) = self.payload(&entry.place.id)? else { return Ok(()) };
        match &*payload {
            Payload::Profile(_) => self.draft.put(Register::Profile(entry.author), entry.place, stands),
            Payload::Note(note) => {
                if let Some(answered) = note.answers {
                    self.draft.put(Register::Answers(answered), entry.place, stands);
                }
            }
            Payload::Rating(rating) => {
                self.replace_last(Register::Rating(entry.author, rating.target), entry.place, stands)?;
            }
            Payload::Claim(_) => self.replace_last(Register::Claim(entry.author), entry.place, stands)?,
            Payload::Retraction(retraction) => {
                self.draft.put(Register::Retraction(entry.author, retraction.of), entry.place, stands);
                // A retraction cannot be taken back itself, so this ends here.
                let target = self.draft.entry(&retraction.of)?;
                let target = target.filter(|of| of.author == entry.author && of.kind != StatementKind::Retraction);
                if let Some(target) = target {
                    self.judge(target)?;
                }
            }
        }
        Ok(())
    }

    /// Enters or leaves a register of which the last one counts, and lets count what is the last one then.
    fn replace_last(&mut self, register: Register, place: Place, stands: bool) -> Result<(), S::Error> {
        let before = self.draft.last(&register)?;
        self.draft.put(register.clone(), place, stands);
        let after = self.draft.last(&register)?;
        if before != after {
            for (place, counts) in [(before, false), (after, true)] {
                if let Some(place) = place {
                    self.count(place, counts)?;
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, place: Place, counts: bool) -> Result<(), S::Error> {
        match self.payload(&place.id)?.as_deref() {
            Some(Payload::Rating(rating)) => {
                self.draft.put(Register::RatingsOf(rating.target), place, counts);
                self.draft.rate(rating.target, rating.stars, counts)
            }
            Some(Payload::Claim(claim)) => {
                self.draft.put(Register::Claimants(claim.nickname.clone()), place, counts);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// What a statement says that is here. One whose bytes were altered says nothing; the check of the database finds it.
    fn payload(&self, id: &StatementId) -> Result<Option<Arc<Payload>>, S::Error> {
        let Some(bytes) = self.draft.bytes(id)? else { return Ok(None) };
        Ok(Statement::kept(&bytes, self.network).ok().map(|statement| statement.shared_payload()))
    }
}
