//! What the node keeps on disk: contacts, messages, documents, ratings and known peers, in SQLite.
//!
//! [`Store`] is the whole of it, synchronous, for one thread. Each of its operations is a transaction, or a part of the
//! one that is open. [`StoreHandle`] runs it on a thread of its own, where all jobs that wait are committed together
//! and answered afterwards: whatever was answered survives `kill -9` and the loss of power.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "files and a thread of its own")]

mod backup;
mod contacts;
mod conversations;
mod damage;
mod documents;
mod error;
mod incoming;
mod invitations;
mod outgoing;
mod pages;
mod peers;
mod ratings;
mod rows;
mod salvage;
mod schema;
mod thread;

use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

pub use backup::{BackupError, SavedFile, read_backup, restore_messages, write_backup};
pub use contacts::{NewContact, Removal};
pub use conversations::{PAGE_ITEMS, SEARCH_CHARACTERS};
pub use damage::{Damage, Situation, companions, damage};
pub use documents::{CONFLICTS_PER_NODE, DOCUMENTS, StoredDocument};
pub use error::StoreError;
pub use incoming::{Quota, REQUEST_KEPT_MS, UNREAD_PER_CONTACT};
pub use invitations::{
    BYTES_PER_INVITATION, INVITATIONS, MESSAGES_PER_INVITED, NewInvitation, STRANGERS_PER_INVITATION, StoredInvitation,
};
pub use outgoing::UNFINISHED_MESSAGES;
pub use ratings::{HOUR_MS, RATED_MONTHS, RATING_KEPT_HOURS, RatedDay, Ratings};
pub use salvage::Salvaged;
pub use thread::{JOBS_WAITING, StoreHandle, StoreThread};

/// How long a statement waits for another process (a backup, `doctor`) that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The databases of a home, open.
pub struct Store {
    connection: Connection,
    /// How many rows had been changed when the innermost savepoint was opened ([`Store::atomically`]).
    savepoint: Cell<Option<u64>>,
    /// It holds what could be read of a damaged database, and takes nothing.
    is_read_only: bool,
}

impl Store {
    /// Opens the databases, makes them if they are not there, and brings them to this version.
    ///
    /// # Errors
    /// If they cannot be opened, are not ours, or were written by a newer program.
    pub fn open(messages: &Path, peers: &Path) -> Result<Self, StoreError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| StoreError::Open { path, source }
        };
        // No URI: a home may have any name.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(messages, flags).map_err(at(messages))?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(at(messages))?;
        // The first touch of the file: what is no database at all is found here.
        connection.pragma_update(Some("main"), "journal_mode", "WAL").map_err(at(messages))?;
        let peers_text = peers.to_str().ok_or_else(|| StoreError::Open {
            path: peers.to_owned(),
            source: rusqlite::Error::InvalidPath(peers.to_owned()),
        })?;
        connection.execute("ATTACH ?1 AS peers", [peers_text]).map_err(at(peers))?;
        connection.pragma_update(Some("peers"), "journal_mode", "WAL").map_err(at(peers))?;
        Self::prepare(connection)
    }

    /// Databases that nobody keeps.
    ///
    /// # Errors
    /// If there is no memory for them.
    pub fn in_memory() -> Result<Self, StoreError> {
        let failed = |source| StoreError::Open { path: ":memory:".into(), source };
        let connection = Connection::open_in_memory().map_err(failed)?;
        connection.execute("ATTACH ':memory:' AS peers", []).map_err(failed)?;
        Self::prepare(connection)
    }

    fn prepare(connection: Connection) -> Result<Self, StoreError> {
        let failed = |error| StoreError::sql("prepare", error);
        connection
            .execute_batch(
                // Refused messages do not stay in free pages, where that costs no further writes.
                "PRAGMA main.synchronous = FULL; PRAGMA peers.synchronous = NORMAL; PRAGMA foreign_keys = ON;
                 PRAGMA secure_delete = FAST; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;
                 CREATE VIRTUAL TABLE temp.tail USING fts5 (text, tokenize = 'unicode61');",
            )
            .map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(128);
        // Without it, a statement whose plan might profit from the value of a parameter is planned anew each time that
        // it gets another.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(failed)?;
        schema::migrate(&connection, "main", schema::MESSAGES)?;
        schema::migrate(&connection, "peers", schema::PEERS)?;
        Ok(Self { connection, savepoint: Cell::new(None), is_read_only: false })
    }

    /// Does something wholly or not at all: as a transaction of its own, or as a part of the one that is open.
    ///
    /// # Errors
    /// Those of `work`, after which nothing of it is left; or that it could not be committed.
    pub fn atomically<T>(&self, work: impl FnOnce(&Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let run = |sql: &str| self.connection.prepare_cached(sql)?.execute([]).map(drop);
        let failed = |error: rusqlite::Error| StoreError::commit(&error);
        let is_outermost = self.connection.is_autocommit();
        let changes = self.connection.total_changes();
        if !is_outermost && self.savepoint.get() == Some(changes) {
            // Nothing was changed since the savepoint around this, so to go back there undoes this and nothing else.
            let outcome = work(self);
            if outcome.is_err() {
                drop(run("ROLLBACK TO job"));
            }
            return outcome;
        }
        // Outermost, writing is claimed at once; a transaction that turns from reading to writing could be refused
        // half-way.
        let (begin, end, undo) = match (is_outermost, self.is_read_only) {
            (true, true) => ("BEGIN", "COMMIT", &["ROLLBACK"][..]),
            (true, false) => ("BEGIN IMMEDIATE", "COMMIT", &["ROLLBACK"][..]),
            (false, _) => ("SAVEPOINT job", "RELEASE job", &["ROLLBACK TO job", "RELEASE job"][..]),
        };
        run(begin).map_err(failed)?;
        let around = self.savepoint.replace(if is_outermost { None } else { Some(changes) });
        let outcome = work(self).and_then(|value| run(end).map_err(failed).map(|()| value));
        if outcome.is_err() {
            // If undoing fails too, SQLite has undone it already, and the first error is the one to tell.
            undo.iter().for_each(|sql| drop(run(sql)));
        }
        self.savepoint.set(around);
        outcome
    }

    /// Whether it holds what could be read of a damaged database: it can be looked at, and takes nothing.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.is_read_only
    }

    /// A number that is kept by name.
    fn fact(&self, name: &str) -> Result<Option<u64>, StoreError> {
        use rusqlite::OptionalExtension as _;
        self.connection
            .prepare_cached("SELECT value FROM main.facts WHERE name = ?1")
            .and_then(|mut query| query.query_row([name], |row| row.get(0)).optional())
            .map_err(|error| StoreError::sql("read a fact", error))
    }

    fn set_fact(&self, name: &str, value: u64) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO main.facts VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            )
            .and_then(|mut statement| statement.execute((name, rows::integer(value))).map(drop))
            .map_err(|error| StoreError::sql("keep a fact", error))
    }

    /// What `PRAGMA integrity_check` and the store's own checks find wrong, one line each; nothing is good.
    ///
    /// # Errors
    /// If it cannot even be checked.
    pub fn check(&self) -> Result<Vec<String>, StoreError> {
        let mut found = self.check_read()?;
        self.index_texts()?;
        if let Err(error) =
            self.connection.execute("INSERT INTO main.texts (texts, rank) VALUES ('integrity-check', 1)", [])
        {
            found.push(format!("the index of texts does not fit the messages: {error}"));
        }
        Ok(found)
    }

    /// The part of it that reads alone.
    fn check_read(&self) -> Result<Vec<String>, StoreError> {
        let failed = |error| StoreError::sql("be checked", error);
        let lines = |sql: &str| -> Result<Vec<String>, rusqlite::Error> {
            self.connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
        };
        let mut found = Vec::new();
        for database in ["main", "peers"] {
            let said = lines(&format!("PRAGMA {database}.integrity_check")).map_err(failed)?;
            found.extend(said.into_iter().filter(|line| line != "ok").map(|line| format!("{database}: {line}")));
        }
        found.extend(lines(CONTRADICTIONS).map_err(failed)?);
        Ok(found)
    }
}

/// What the tables must not say of one another.
const CONTRADICTIONS: &str = "
SELECT 'a row of ' || \"table\" || ' refers to a missing row of ' || parent FROM pragma_foreign_key_check
UNION ALL
SELECT 'an outgoing message has no delivery (position ' || position || ')' FROM main.messages
    WHERE is_incoming = 0 AND position NOT IN (SELECT position FROM main.deliveries)
UNION ALL
SELECT 'the count of unread messages is wrong for ' || hex(node) FROM main.contacts
    WHERE unread != (SELECT count(*) FROM main.messages
        WHERE node = contacts.node AND is_incoming = 1 AND read_unix_ms IS NULL)
UNION ALL
SELECT 'the count of unfinished deliveries is wrong' FROM main.facts WHERE name = 'unfinished_deliveries'
    AND value != (SELECT count(*) FROM main.deliveries WHERE state < 3)
UNION ALL
SELECT 'the count of waiting messages is wrong for ' || hex(node) FROM main.contacts
    WHERE (waiting, waiting_bytes) !=
        (SELECT count(*), coalesce(sum(octet_length(text)), 0) FROM main.requests WHERE node = contacts.node)
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::NodeId;
    use crate::messages::{Arrival, MessageText, NewMessage};
    use crate::nickname::Nickname;
    use crate::wire::PacketId;

    pub fn store() -> Store {
        Store::in_memory().expect("memory")
    }

    pub fn node(seed: u64) -> NodeId {
        let mut bytes = [0; 32];
        bytes[24..].copy_from_slice(&seed.to_be_bytes());
        NodeId::from_bytes(bytes)
    }

    pub fn message_id(seed: u64) -> PacketId {
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&seed.to_be_bytes());
        PacketId(bytes)
    }

    pub fn name(text: &str) -> Nickname {
        text.parse().expect("a nickname")
    }

    pub fn text(text: &str) -> MessageText {
        MessageText::new(text).expect("a short text")
    }

    pub fn accepted(store: &Store, seed: u64) {
        store
            .add_contact(
                &NewContact { id: node(seed), name: None, hints: Vec::new(), found_as: None, invitation: None },
                1,
            )
            .expect("added");
    }

    /// A message that came at 1 000 and expires at 1 000 000.
    pub fn arrival(sender: u64, id: u64, written: &str) -> Arrival {
        Arrival {
            sender: node(sender),
            id: message_id(id),
            text: text(written),
            reply_to: None,
            sent_unix_ms: 900,
            expires_unix_ms: 1_000_000,
            origin: String::new(),
            invitation: None,
        }
    }

    pub fn new_message(to: u64, id: u64, written: &str) -> NewMessage {
        NewMessage {
            id: message_id(id),
            to: node(to),
            text: text(written),
            reply_to: None,
            created_unix_ms: 900,
            expires_unix_ms: 1_000_000,
        }
    }

    #[test]
    fn a_database_of_an_older_version_is_brought_to_this_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let (messages, peers) = (folder.path().join("messages.db"), folder.path().join("peers.db"));
        let old = rusqlite::Connection::open(&messages).expect("opened");
        schema::migrate(&old, "main", &schema::MESSAGES[..1]).expect("made");
        let insert = "INSERT INTO contacts (node, name, state, hints, added_unix_ms) VALUES (?1, 'alice', ?2, '', 7)";
        old.execute(insert, (rows::Column(node(1)), rows::Column(crate::messages::ContactState::Accepted)))
            .expect("inserted");
        old.close().expect("closed");
        let store = Store::open(&messages, &peers).expect("opened");
        let contact = store.contact(&node(1)).expect("read").expect("it is still there");
        assert_eq!((contact.name, contact.found_as, contact.added_unix_ms), (Some(name("alice")), None, 7));
        assert_eq!(store.check().expect("checked"), [""; 0]);
    }

    #[test]
    fn a_statement_is_planned_once_for_all_values_of_its_parameters() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("messages.db"), &folder.path().join("peers.db")).expect("opened");
        accepted(&store, 1);
        for id in 1..=3 {
            let message = message_id(id);
            store.queue_message(&new_message(1, id, "x"), None, 1).expect("queued");
            store.sealed_message(&message).expect("read");
            store.seal_message(&message, b"sealed").expect("kept");
            store.outgoing(&message).expect("read");
        }
        let sql =
            "SELECT sealed FROM main.deliveries JOIN main.messages USING (position) WHERE id = ?1 AND is_incoming = 0";
        let statement = store.connection.prepare_cached(sql).expect("prepared");
        assert_eq!(statement.get_status(rusqlite::StatementStatus::RePrepare), 0);
    }

    #[test]
    fn what_fails_first_in_a_job_is_undone_without_a_savepoint_of_its_own() {
        let store = store();
        let fails = |store: &Store, seed| {
            let outcome: Result<(), StoreError> = store.atomically(|store| {
                accepted(store, seed);
                Err(StoreError::Closed)
            });
            assert!(matches!(outcome, Err(StoreError::Closed)));
        };
        let job = store.atomically(|store| {
            accepted(store, 1);
            store.atomically(|store| {
                fails(store, 2);
                fails(store, 3);
                store.atomically(|store| {
                    accepted(store, 4);
                    fails(store, 5);
                    Ok(())
                })?;
                fails(store, 6);
                Ok(())
            })?;
            fails(store, 7);
            store.atomically(|store| {
                accepted(store, 8);
                Ok(())
            })
        });
        job.expect("committed");
        let ids: Vec<NodeId> = store.contacts().expect("read").into_iter().map(|contact| contact.id).collect();
        assert_eq!(ids, [node(1), node(4), node(8)]);
    }

    #[test]
    fn what_fails_leaves_nothing_and_the_rest_of_the_group_stays() {
        let store = store();
        let outcome = store.atomically(|store| {
            accepted(store, 1);
            let inner: Result<(), StoreError> = store.atomically(|store| {
                accepted(store, 2);
                Err(StoreError::Closed)
            });
            assert!(matches!(inner, Err(StoreError::Closed)));
            accepted(store, 3);
            Ok(())
        });
        outcome.expect("committed");
        let ids: Vec<NodeId> = store.contacts().expect("read").into_iter().map(|contact| contact.id).collect();
        assert_eq!(ids, [node(1), node(3)]);
        let outcome: Result<(), StoreError> = store.atomically(|store| {
            accepted(store, 4);
            Err(StoreError::Closed)
        });
        assert!(outcome.is_err() && store.contacts().expect("read").len() == 2);
    }
}
