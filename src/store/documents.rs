//! Identity documents: the newest of each node, what contradicts it, and this node's own.

use rusqlite::OptionalExtension as _;

use super::rows::{Column, integer};
use super::{Store, StoreError};
use crate::identity::NodeId;

/// Documents of other nodes, at the most. Those of contacts stay; of the others, the one that was seen longest ago goes.
pub const DOCUMENTS: u64 = 20_000;

/// Contradicting documents of one node that are kept as evidence, at the most. Two prove the fault; more prove nothing else.
pub const CONFLICTS_PER_NODE: u64 = 4;

/// Set by a restored backup: other nodes may have seen higher revisions than this home knows.
const RESTORED: &str = "restored";

/// A document, as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDocument {
    /// Its revision.
    pub revision: u64,
    /// Its exact octets, signature included.
    pub bytes: Vec<u8>,
}

/// How a document stands to what was seen of its node before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentVerdict {
    /// It is the newest, and kept.
    Newer,
    /// It is the one that is kept already.
    Same,
    /// A newer one was seen.
    Older,
    /// Another one of the same revision was seen: both are kept as evidence, and the first one stands.
    Conflict,
}

impl Store {
    /// Keeps a document that was verified, if it is the newest of its node.
    ///
    /// # Errors
    /// If the database fails.
    pub fn keep_document(
        &self,
        node: &NodeId,
        document: &StoredDocument,
        now_unix_ms: u64,
    ) -> Result<DocumentVerdict, StoreError> {
        self.keep(node, false, document, now_unix_ms)
    }

    /// Keeps this node's own document. Only after that may it be published.
    ///
    /// # Errors
    /// If the database fails.
    pub fn keep_own_document(
        &self,
        node: &NodeId,
        document: &StoredDocument,
        now_unix_ms: u64,
    ) -> Result<DocumentVerdict, StoreError> {
        self.keep(node, true, document, now_unix_ms)
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

    /// Whether this home came from a backup, and has not yet published a document that is newer than all published ones.
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

    fn keep(
        &self,
        node: &NodeId,
        is_own: bool,
        document: &StoredDocument,
        now_unix_ms: u64,
    ) -> Result<DocumentVerdict, StoreError> {
        self.atomically(|store| {
            let verdict = match store.document(node)? {
                None => DocumentVerdict::Newer,
                Some(seen) if document.revision > seen.revision => DocumentVerdict::Newer,
                Some(seen) if document.revision < seen.revision => DocumentVerdict::Older,
                Some(seen) if document.bytes == seen.bytes => DocumentVerdict::Same,
                Some(seen) => {
                    store.keep_evidence(node, &seen, now_unix_ms)?;
                    store.keep_evidence(node, document, now_unix_ms)?;
                    DocumentVerdict::Conflict
                }
            };
            if verdict == DocumentVerdict::Newer {
                store
                    .connection
                    .prepare_cached("INSERT OR REPLACE INTO main.documents VALUES (?1, ?2, ?3, ?4, ?5)")
                    .and_then(|mut statement| {
                        let revision = integer(document.revision);
                        statement.execute((Column(*node), is_own, revision, &document.bytes, integer(now_unix_ms)))
                    })
                    .map_err(|error| StoreError::sql("keep a document", error))?;
                store.forget_documents()?;
            }
            Ok(verdict)
        })
    }

    fn keep_evidence(&self, node: &NodeId, document: &StoredDocument, now_unix_ms: u64) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT OR IGNORE INTO main.conflicting_documents SELECT ?1, ?2, ?3, ?4
                 WHERE (SELECT count(*) FROM main.conflicting_documents WHERE node = ?1) < ?5",
            )
            .and_then(|mut statement| {
                statement.execute((
                    Column(*node),
                    integer(document.revision),
                    &document.bytes,
                    integer(now_unix_ms),
                    integer(CONFLICTS_PER_NODE),
                ))
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

    fn document(revision: u64, content: &[u8]) -> StoredDocument {
        StoredDocument { revision, bytes: content.to_vec() }
    }

    #[test]
    fn an_older_document_never_takes_the_place_of_a_newer_one() {
        let store = store();
        assert_eq!(store.keep_document(&node(1), &document(5, b"five"), 1).unwrap(), DocumentVerdict::Newer);
        assert_eq!(store.keep_document(&node(1), &document(4, b"four"), 2).unwrap(), DocumentVerdict::Older);
        assert_eq!(store.keep_document(&node(1), &document(5, b"five"), 3).unwrap(), DocumentVerdict::Same);
        assert_eq!(store.document(&node(1)).unwrap(), Some(document(5, b"five")));
        assert_eq!(store.keep_document(&node(1), &document(6, b"six"), 4).unwrap(), DocumentVerdict::Newer);
        assert_eq!(store.document(&node(1)).unwrap(), Some(document(6, b"six")));
    }

    #[test]
    fn two_documents_of_one_revision_are_kept_as_evidence() {
        let store = store();
        store.keep_document(&node(1), &document(5, b"five"), 1).unwrap();
        for other in 0..20u8 {
            assert_eq!(store.keep_document(&node(1), &document(5, &[other]), 2).unwrap(), DocumentVerdict::Conflict);
        }
        assert_eq!(store.document(&node(1)).unwrap(), Some(document(5, b"five")));
        let evidence = store.conflicting_documents(&node(1)).unwrap();
        assert_eq!(evidence.len() as u64, CONFLICTS_PER_NODE);
        assert!(evidence.contains(&document(5, b"five")) && evidence.contains(&document(5, &[0])));
    }

    #[test]
    fn documents_of_strangers_are_forgotten_before_those_of_contacts() {
        let store = store();
        accepted(&store, 1);
        store
            .atomically(|store| {
                store.keep_own_document(&node(0), &document(1, b"own"), 0)?;
                store.keep_document(&node(1), &document(1, b"contact"), 0)?;
                (2..DOCUMENTS + 10)
                    .try_for_each(|seed| store.keep_document(&node(seed), &document(1, b"stranger"), seed).map(drop))
            })
            .expect("kept");
        assert!(store.document(&node(0)).unwrap().is_some() && store.document(&node(1)).unwrap().is_some());
        assert_eq!(store.document(&node(2)).unwrap(), None);
        assert!(store.document(&node(DOCUMENTS + 9)).unwrap().is_some());
    }
}
