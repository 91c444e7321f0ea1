//! Identity documents: the newest of each node, what contradicts it, and this node's own.

use rusqlite::OptionalExtension as _;

use super::rows::{Column, integer};
use super::{Store, StoreError};
use crate::identity::{NodeId, Rank, VerifiedDocument, judge};

/// Documents of other nodes, at most. Those of contacts stay; of the others, the one that was seen longest ago goes.
pub const DOCUMENTS: u64 = 20_000;

/// Contradicting documents of one node that are kept as evidence, at most. Two prove the fault; more prove nothing
/// else.
pub const CONFLICTS_PER_NODE: u64 = 4;

/// Set by a restored backup: other nodes may have seen higher revisions than this home knows.
const RESTORED: &str = "restored";

/// A document, as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDocument {
    /// Its revision.
    pub revision: u64,
    /// Its exact bytes, signature included.
    pub bytes: Vec<u8>,
}

impl Store {
    /// Keeps a document, if it is the newest of its node. One that contradicts another of the same revision is kept as
    /// evidence beside it, and the first one stands.
    ///
    /// # Errors
    /// If the database fails.
    pub fn keep_document(&self, document: &VerifiedDocument, now_unix_ms: u64) -> Result<Rank, StoreError> {
        self.keep(document, false, now_unix_ms)
    }

    /// Keeps this node's own document. Only after that may it be published.
    ///
    /// # Errors
    /// If the database fails.
    pub fn keep_own_document(&self, document: &VerifiedDocument, now_unix_ms: u64) -> Result<Rank, StoreError> {
        self.keep(document, true, now_unix_ms)
    }

    /// The newest document of a node.
    ///
    /// # Errors
    /// If the database fails.
    pub fn document(&self, node: &NodeId) -> Result<Option<StoredDocument>, StoreError> {
        self.connection
            .prepare_cached("SELECT revision, bytes FROM main.documents WHERE node = ?1")
            .and_then(|mut query| {
                query
                    .query_row([Column(*node)], |row| Ok(StoredDocument { revision: row.get(0)?, bytes: row.get(1)? }))
                    .optional()
            })
            .map_err(|error| StoreError::sql("read a document", error))
    }

    /// Documents of a node of which others of the same revision exist.
    ///
    /// # Errors
    /// If the database fails.
    pub fn conflicting_documents(&self, node: &NodeId) -> Result<Vec<StoredDocument>, StoreError> {
        self.connection
            .prepare_cached(
                "SELECT revision, bytes FROM main.conflicting_documents WHERE node = ?1 ORDER BY seen_unix_ms, bytes",
            )
            .and_then(|mut query| {
                query
                    .query_map([Column(*node)], |row| Ok(StoredDocument { revision: row.get(0)?, bytes: row.get(1)? }))?
                    .collect()
            })
            .map_err(|error| StoreError::sql("read the evidence", error))
    }

    /// Whether this home came from a backup, and has not yet published a document that is newer than all published
    /// ones.
    ///
    /// # Errors
    /// If the database fails.
    pub fn is_restored(&self) -> Result<bool, StoreError> {
        Ok(self.fact(RESTORED)?.unwrap_or(0) != 0)
    }

    /// Says whether this home came from a backup, and has yet to read what is published.
    ///
    /// # Errors
    /// If the database fails.
    pub fn set_restored(&self, restored: bool) -> Result<(), StoreError> {
        self.set_fact(RESTORED, restored.into())
    }

    /// Whose home this is, as far as documents of its own were kept: nobody before the first, one identity afterwards.
    ///
    /// # Errors
    /// If the database fails.
    pub fn owners(&self) -> Result<Vec<NodeId>, StoreError> {
        self.connection
            .prepare_cached("SELECT node FROM main.documents WHERE is_own = 1 ORDER BY seen_unix_ms DESC")
            .and_then(|mut query| query.query_map([], |row| super::rows::get(row, "node"))?.collect())
            .map_err(|error| StoreError::sql("read whose home it is", error))
    }

    /// The identity that has written here is gone, and another one takes its place: nothing is sent in its name any more.
    /// Returns how many messages are given up.
    ///
    /// # Errors
    /// If the database fails; then nothing has changed.
    pub fn change_owner(&self, why: &str) -> Result<u64, StoreError> {
        self.atomically(|store| {
            let given_up = store.give_up_messages(None, why)?;
            store
                .connection
                .execute_batch("DELETE FROM main.receipts; UPDATE main.documents SET is_own = 0 WHERE is_own = 1;")
                .map_err(|error| StoreError::sql("change hands", error))?;
            store.set_restored(false)?;
            Ok(given_up)
        })
    }

    fn keep(&self, document: &VerifiedDocument, is_own: bool, now_unix_ms: u64) -> Result<Rank, StoreError> {
        self.atomically(|store| {
            let failed = |error| StoreError::sql("keep a document", error);
            let node = document.id();
            let seen = store
                .connection
                .prepare_cached("SELECT revision, digest FROM main.documents WHERE node = ?1")
                .and_then(|mut query| query.query_row([Column(node)], |row| Ok((row.get(0)?, row.get(1)?))).optional())
                .map_err(failed)?;
            let rank = judge(seen, document);
            let revision = integer(document.document().revision);
            match rank {
                Rank::Newer => {
                    store
                        .connection
                        .prepare_cached(
                            "INSERT INTO main.documents VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                             ON CONFLICT (node) DO UPDATE SET is_own = max(is_own, excluded.is_own),
                                revision = excluded.revision, digest = excluded.digest, bytes = excluded.bytes,
                                seen_unix_ms = excluded.seen_unix_ms",
                        )
                        .and_then(|mut statement| {
                            let (digest, bytes) = (document.digest(), document.as_bytes());
                            statement.execute((Column(node), is_own, revision, digest, bytes, integer(now_unix_ms)))
                        })
                        .map_err(failed)?;
                    store.forget_documents()?;
                }
                Rank::Conflict => {
                    if let Some(first) = store.document(&node)? {
                        store.keep_evidence(&node, revision, &first.bytes, now_unix_ms)?;
                    }
                    store.keep_evidence(&node, revision, document.as_bytes(), now_unix_ms)?;
                }
                Rank::Same | Rank::Older => {}
            }
            Ok(rank)
        })
    }

    fn keep_evidence(&self, node: &NodeId, revision: i64, bytes: &[u8], now_unix_ms: u64) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT OR IGNORE INTO main.conflicting_documents SELECT ?1, ?2, ?3, ?4
                 WHERE (SELECT count(*) FROM main.conflicting_documents WHERE node = ?1) < ?5",
            )
            .and_then(|mut statement| {
                let bound = integer(CONFLICTS_PER_NODE);
                statement.execute((Column(*node), revision, bytes, integer(now_unix_ms), bound))
            })
            .map(drop)
            .map_err(|error| StoreError::sql("keep evidence", error))
    }

    fn forget_documents(&self) -> Result<(), StoreError> {
        let forget = || -> rusqlite::Result<()> {
            let documents: u64 = self
                .connection
                .prepare_cached("SELECT count(*) FROM main.documents")?
                .query_row([], |row| row.get(0))?;
            if documents > DOCUMENTS {
                self.connection
                    .prepare_cached(
                        "DELETE FROM main.documents WHERE node IN (
                             SELECT node FROM main.documents WHERE is_own = 0 AND node NOT IN (SELECT node FROM main.contacts)
                             ORDER BY seen_unix_ms LIMIT ?1)",
                    )?
                    .execute([integer(documents - DOCUMENTS)])?;
            }
            Ok(())
        };
        forget().map_err(|error| StoreError::sql("forget old documents", error))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{accepted, node, store};
    use super::*;
    use crate::identity::{IdentityDocument, IdentityKey, SealingKey};

    fn document(revision: u64, time_unix_s: u64) -> VerifiedDocument {
        let key = IdentityKey::from_seed(&[7; 32]);
        let sealing_key = SealingKey::derive(&key, 0).public();
        IdentityDocument::new(key.id(), sealing_key, revision, time_unix_s * 1000).sign(&key).0
    }

    fn stored(document: &VerifiedDocument) -> StoredDocument {
        StoredDocument { revision: document.document().revision, bytes: document.as_bytes().to_vec() }
    }

    #[test]
    fn an_older_document_never_takes_the_place_of_a_newer_one() {
        let store = store();
        let (four, five, six) = (document(4, 40), document(5, 50), document(6, 60));
        assert_eq!(store.keep_document(&five, 1).unwrap(), Rank::Newer);
        assert_eq!(store.keep_document(&four, 2).unwrap(), Rank::Older);
        assert_eq!(store.keep_document(&five, 3).unwrap(), Rank::Same);
        assert_eq!(store.document(&five.id()).unwrap(), Some(stored(&five)));
        assert_eq!(store.keep_document(&six, 4).unwrap(), Rank::Newer);
        assert_eq!(store.document(&five.id()).unwrap(), Some(stored(&six)));
    }

    #[test]
    fn two_documents_of_one_revision_are_kept_as_evidence() {
        let store = store();
        let first = document(5, 50);
        store.keep_document(&first, 1).unwrap();
        for time in 100..120 {
            assert_eq!(store.keep_document(&document(5, time), 2).unwrap(), Rank::Conflict);
        }
        assert_eq!(store.document(&first.id()).unwrap(), Some(stored(&first)));
        let evidence = store.conflicting_documents(&first.id()).unwrap();
        assert_eq!(evidence.len() as u64, CONFLICTS_PER_NODE);
        assert!(evidence.contains(&stored(&first)) && evidence.contains(&stored(&document(5, 100))));
    }

    #[test]
    fn documents_of_strangers_are_forgotten_before_those_of_contacts_and_the_own_one() {
        let store = store();
        accepted(&store, 1);
        let sql = "INSERT INTO documents VALUES (?1, ?2, 1, zeroblob(32), x'00', ?3)";
        store
            .atomically(|store| {
                let mut insert = store.connection.prepare(sql).expect("prepared");
                (0..DOCUMENTS).for_each(|seed| {
                    insert.execute((Column(node(seed)), seed == 0, integer(seed))).expect("inserted");
                });
                Ok(())
            })
            .expect("kept");
        let newest = document(1, 50);
        store.keep_document(&newest, DOCUMENTS).unwrap();
        let is_there = |id: NodeId| store.document(&id).unwrap().is_some();
        assert!(is_there(node(0)) && is_there(node(1)) && !is_there(node(2)) && is_there(node(3)));
        assert!(is_there(newest.id()));
    }
}
