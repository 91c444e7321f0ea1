//! What can be asked of the shared database.

use super::database::Commons;
use super::digest::{Attestation, DIGEST_TIPS, DigestTree};
use super::id::StatementId;
use super::statement::Statement;
use super::store::{Register, Store};
use super::sync::state;
use crate::codec::AtMost;
use crate::identity::NodeId;

impl<S: Store> Commons<S> {
    /// The digest of the statements up to a time; nothing if more than `limit` are later.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn tree_until(&self, time_unix_ms: u64, limit: usize) -> Result<Option<DigestTree>, S::Error> {
        let later = self.store().later_than(time_unix_ms, limit.saturating_add(1))?;
        if later.len() > limit {
            return Ok(None);
        }
        let mut tree = self.tree().clone();
        for id in &later {
            tree.remove(id);
        }
        Ok(Some(tree))
    }

    /// Whether a statement stands: the author has not taken it back, and no other with its sequence number counts.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn stands(&self, id: &StatementId) -> Result<bool, S::Error> {
        match self.store().entry(id)? {
            Some(entry) => self.store().has(&Register::Author(entry.author), entry.place),
            None => Ok(false),
        }
    }

    /// The statement of a register that counts: the profile of an author, say.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn last(&self, register: &Register) -> Result<Option<Statement>, S::Error> {
        match self.store().last(register, None)? {
            Some(place) => self.statement(&place.id),
            None => Ok(None),
        }
    }

    /// A statement that is here. One whose bytes were altered is not.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn statement(&self, id: &StatementId) -> Result<Option<Statement>, S::Error> {
        let bytes = self.store().bytes(id)?.filter(|bytes| StatementId::of(bytes) == *id);
        Ok(bytes.and_then(|bytes| Statement::kept(&bytes, self.network()).ok()))
    }

    /// Whether an author has signed two statements with one sequence number.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn equivocates(&self, author: &NodeId) -> Result<bool, S::Error> {
        Ok(self.store().last(&Register::Evidence(*author), None)?.is_some())
    }

    /// What a node says about this database, to be signed: about all of it, or about what was said up to a time. Nothing
    /// if more than `limit` statements are later than that.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn attest(
        &self,
        node: NodeId,
        moment_unix_ms: u64,
        until_unix_ms: Option<u64>,
        limit: usize,
    ) -> Result<Option<Attestation>, S::Error> {
        let network = self.network().name.clone();
        if let Some(until) = until_unix_ms {
            return Ok(self.tree_until(until, limit)?.map(|tree| Attestation {
                network,
                node,
                moment_unix_ms,
                until_unix_ms,
                root: tree.root(),
                count: tree.count(),
                tip_count: None,
                tips: AtMost::default(),
                ratings: None,
                stars: None,
            }));
        }
        let (state, sum) = (state(self.store(), self.tree())?, self.store().sum(None)?);
        Ok(Some(Attestation {
            network,
            node,
            moment_unix_ms,
            until_unix_ms,
            root: state.root,
            count: state.count,
            tip_count: Some(state.tip_count),
            tips: state.tips.iter().take(DIGEST_TIPS).copied().collect(),
            ratings: Some(sum.ratings),
            stars: Some(sum.stars),
        }))
    }
}
