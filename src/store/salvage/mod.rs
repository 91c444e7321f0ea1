//! A database that is damaged: what can still be read of it.
//!
//! Nothing is repaired in place. What can be read goes into another database, and the damaged file stays for whoever
//! knows more of it.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use super::damage::{companions, log_of};
use super::incoming::FORGOTTEN_UNTIL;
use super::pages::{PageRow, Pages, Value};
use super::rows::{Column, integer};
use super::{Store, StoreError};
use crate::identity::VerifiedDocument;
use crate::messages::{ContactState, DeliveryState, MessageText};

/// Why an outgoing message of a damaged database has come to its end: what was known of its delivery is gone.
const DELIVERY_LOST: &str = "what became of it was lost with the damaged database";

/// What could be read of a damaged database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Salvaged {
    /// Contacts, strangers who have written and those of whom only the conversation is left among them.
    pub contacts: u64,
    /// Messages.
    pub messages: u64,
    /// Messages of strangers that wait.
    pub waiting: u64,
    /// Invitations that were seen. None of them is kept: which were used or taken back cannot be known.
    pub invitations: u64,
    /// Pages, rows and entries that cannot be read, as far as they are seen: what is gone altogether is not counted.
    pub unreadable: u64,
}

impl Store {
    /// What can be read of a damaged database, in memory: it can be looked at, and nothing of it can be changed.
    ///
    /// # Errors
    /// If the file cannot be read at all, or there is no memory for it.
    pub fn read_damaged(messages: &Path) -> Result<(Self, Salvaged), StoreError> {
        let mut store = Self::in_memory()?;
        let salvaged = store.salvage(messages)?;
        store
            .connection
            .execute_batch("PRAGMA query_only = ON")
            .map_err(|error| StoreError::sql("be protected", error))?;
        store.is_read_only = true;
        Ok((store, salvaged))
    }

    /// Writes what can be read of a damaged database into a new one. `to` must not exist.
    ///
    /// # Errors
    /// If the one cannot be read or the other written; then there is no file `to`.
    pub fn write_salvaged(messages: &Path, to: &Path) -> Result<Salvaged, StoreError> {
        let written = Self::open(to, Path::new(":memory:")).and_then(|store| {
            let salvaged = store.salvage(messages)?;
            // One file, without a log beside it.
            store
                .connection
                .pragma_update(Some("main"), "journal_mode", "DELETE")
                .map_err(|error| StoreError::sql("be finished", error))?;
            Ok(salvaged)
        });
        let synced = written.and_then(|salvaged| {
            let failed = |error: io::Error| StoreError::Unreadable { path: to.to_owned(), detail: error.to_string() };
            fs::File::open(to).and_then(|file| file.sync_all()).map_err(failed)?;
            Ok(salvaged)
        });
        if synced.is_err() {
            // The first error is the one to tell.
            let _ = fs::remove_file(to);
            companions(to).iter().for_each(|file| drop(fs::remove_file(file)));
        }
        synced
    }

    fn salvage(&self, messages: &Path) -> Result<Salvaged, StoreError> {
        let failed = |error: io::Error| StoreError::Unreadable { path: messages.to_owned(), detail: error.to_string() };
        if !messages.exists() {
            // The log alone: pages that it does not have are missing.
            fs::File::create_new(messages).map_err(failed)?;
        }
        let mut pages = Pages::open(messages, &log_of(messages)).map_err(failed)?;
        self.atomically(|store| {
            let mut later = Later::default();
            let mut outcome = Ok(());
            pages
                .rows(|row| {
                    if outcome.is_ok() {
                        outcome = store.take_row(row, &mut later);
                    }
                })
                .map_err(failed)?;
            outcome?;
            let invitations = later.invitations.len() as u64;
            store.join(later)?;
            let count = |sql: &str| {
                let counted = store.connection.query_row(sql, [], |row| row.get(0));
                counted.map_err(|error| StoreError::sql("count what was read", error))
            };
            Ok(Salvaged {
                contacts: count("SELECT count(*) FROM main.contacts")?,
                messages: count("SELECT count(*) FROM main.messages")?,
                waiting: count("SELECT count(*) FROM main.requests")?,
                invitations,
                unreadable: pages.unreadable,
            })
        })
    }

    /// Takes a row for what it looks like. What needs others waits for them.
    fn take_row(&self, row: PageRow, later: &mut Later) -> Result<(), StoreError> {
        use Value::{Blob, Integer, Null, Text};
        let failed = |error| StoreError::sql("take a row", error);
        let PageRow { rowid, values } = row;
        match (rowid, values.as_slice()) {
            // contacts; `found_as` came with the second version, `origin` with the third, invitations with the fourth.
            (
                Some(_),
                [
                    Blob(node),
                    Null | Text(_),
                    Integer(0..=3),
                    Text(_),
                    Integer(_),
                    Integer(_),
                    Integer(_),
                    Integer(_),
                    later @ ..,
                ],
            ) if node.len() == 32 && is_end_of_contact(later) => {
                let mut values = values;
                values.resize(9.max(values.len()), Null);
                values.resize(10.max(values.len()), Text(String::new()));
                values.resize(12, Null);
                // Of two with one name the second has none.
                for name in [values[1].clone(), Null] {
                    values[1] = name;
                    let sql = "INSERT OR IGNORE INTO main.contacts
                        (node, name, state, hints, added_unix_ms, found_as, origin, invited_with, invitation)
                        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
                    let of_row = [0, 1, 2, 3, 4, 8, 9, 10, 11].map(|column: usize| &values[column]);
                    self.connection.execute(sql, rusqlite::params_from_iter(of_row)).map_err(failed)?;
                }
            }
            // messages
            (
                Some(position),
                [
                    Null,
                    Blob(node),
                    Integer(0 | 1),
                    Blob(id),
                    Text(text),
                    Null | Blob(_),
                    Integer(_),
                    Integer(_),
                    Integer(_),
                    Null | Integer(_),
                ],
            ) if position > 0 && node.len() == 32 && id.len() == 16 && MessageText::new(text.as_str()).is_ok() => {
                self.keep_contact_of(node, ContactState::Removed)?;
                let of_row = std::iter::once(&Integer(position)).chain(&values[1..]).cloned().collect::<Vec<_>>();
                let sql = "INSERT OR IGNORE INTO main.messages VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
                self.connection.execute(sql, rusqlite::params_from_iter(&of_row)).map_err(failed)?;
            }
            // deliveries
            (Some(position), [Null, Integer(0..=6), Integer(_), Integer(_), Null | Text(_), Null | Blob(_)]) => {
                let of_row = std::iter::once(&Integer(position)).chain(&values[1..]).cloned().collect();
                later.deliveries.push(of_row);
            }
            // requests
            (
                Some(arrival),
                [Null, Blob(node), Blob(id), Text(text), Null | Blob(_), Integer(_), Integer(_), Integer(_)],
            ) if node.len() == 32 && id.len() == 16 && MessageText::new(text.as_str()).is_ok() => {
                let of_row = std::iter::once(&Integer(arrival)).chain(&values[1..]).cloned().collect();
                later.requests.push(of_row);
            }
            // documents, which say themselves whether they are whole
            (
                Some(_),
                [Blob(_), Integer(is_own @ (0 | 1)), Integer(_), Blob(_), Blob(document), Integer(seen_unix_ms)],
            ) => {
                if let Ok(document) = VerifiedDocument::verify_whenever(document) {
                    let seen_unix_ms = u64::try_from(*seen_unix_ms).unwrap_or(0);
                    if *is_own == 1 {
                        self.keep_own_document(&document, seen_unix_ms)?;
                    } else {
                        self.keep_document(&document, seen_unix_ms)?;
                    }
                }
            }
            // arrived. Receipts look alike: taken for these they do no harm, and are not sent.
            (None, [Blob(node), Blob(id), Integer(_)]) if node.len() == 32 && id.len() == 16 => {
                let sql = "INSERT OR IGNORE INTO main.arrived VALUES (?1, ?2, ?3)";
                self.connection.execute(sql, rusqlite::params_from_iter(&values)).map_err(failed)?;
            }
            // ratings by the month. Those by the hour are counted again within 30 days.
            (None, [Blob(node), Integer(0..), Integer(0..=23), Integer(0..), Integer(0..), Integer(0..)])
                if node.len() == 32 =>
            {
                later.ratings.push(values)
            }
            // invitations
            (None, [Blob(digest), Integer(_), Integer(_), Integer(0 | 1), Null | Blob(_)]) if digest.len() == 32 => {
                later.invitations.insert(digest.clone());
            }
            // facts: only what is not counted anew
            (None, [Text(name), Integer(value)]) if name == FORGOTTEN_UNTIL => {
                self.set_fact(FORGOTTEN_UNTIL, u64::try_from(*value).unwrap_or(0))?;
            }
            // What can be found or counted again, and indices.
            _ => {}
        }
        Ok(())
    }

    /// Whose contact is lost is kept as somebody of whom only this is left.
    fn keep_contact_of(&self, node: &[u8], state: ContactState) -> Result<(), StoreError> {
        let sql = "INSERT OR IGNORE INTO main.contacts (node, state, hints, added_unix_ms) VALUES (?1, ?2, '', 0)";
        self.connection
            .execute(sql, (node, Column(state)))
            .map(drop)
            .map_err(|error| StoreError::sql("keep whose messages they are", error))
    }

    /// Whatever needs other rows, and whatever is counted.
    fn join(&self, later: Later) -> Result<(), StoreError> {
        let failed = |error| StoreError::sql("put together what was read", error);
        for delivery in &later.deliveries {
            let sql = "INSERT OR IGNORE INTO main.deliveries SELECT ?1, ?2, ?3, ?4, ?5, ?6
                 WHERE EXISTS (SELECT 1 FROM main.messages WHERE position = ?1 AND is_incoming = 0)";
            self.connection.execute(sql, rusqlite::params_from_iter(delivery)).map_err(failed)?;
        }
        let mut asking = BTreeSet::new();
        for request in &later.requests {
            if let Value::Blob(node) = &request[1]
                && asking.insert(node)
            {
                self.keep_contact_of(node, ContactState::Requested)?;
            }
            let sql = "INSERT OR IGNORE INTO main.requests SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
                 WHERE (SELECT state FROM main.contacts WHERE node = ?2) = 0";
            self.connection.execute(sql, rusqlite::params_from_iter(request)).map_err(failed)?;
        }
        for rating in &later.ratings {
            let sql = "INSERT OR IGNORE INTO main.rating_months SELECT ?1, ?2, ?3, ?4, ?5, ?6
                 WHERE (SELECT state FROM main.contacts WHERE node = ?1) = 1";
            self.connection.execute(sql, rusqlite::params_from_iter(rating)).map_err(failed)?;
        }
        let lost = "INSERT INTO main.deliveries (position, state, refusal)
             SELECT position, ?1, ?2 FROM main.messages
             WHERE is_incoming = 0 AND position NOT IN (SELECT position FROM main.deliveries)";
        self.connection.execute(lost, (Column(DeliveryState::Expired), DELIVERY_LOST)).map_err(failed)?;
        self.connection
            .execute_batch(
                // A state of deliveries that no version has written.
                "UPDATE main.deliveries SET state = 0 WHERE state = 1;
                 UPDATE main.contacts SET
                    unread = (SELECT count(*) FROM main.messages
                        WHERE node = contacts.node AND is_incoming = 1 AND read_unix_ms IS NULL),
                    (waiting, waiting_bytes) = (SELECT count(*), coalesce(sum(octet_length(text)), 0)
                        FROM main.requests WHERE node = contacts.node);",
            )
            .map_err(failed)?;
        // Those of whom nothing is left, as one is removed.
        let nothing = "DELETE FROM main.contacts WHERE state IN (?1, ?2) AND waiting = 0
             AND NOT EXISTS (SELECT 1 FROM main.messages WHERE node = contacts.node)";
        let states = (Column(ContactState::Removed), Column(ContactState::Requested));
        self.connection.execute(nothing, states).map_err(failed)?;
        // What has come is known as such, even where that was lost.
        let known = "INSERT OR IGNORE INTO main.arrived
             SELECT node, id, expires_unix_ms + ?1 FROM main.messages WHERE is_incoming = 1
             UNION ALL SELECT node, id, expires_unix_ms + ?1 FROM main.requests";
        self.connection.execute(known, [integer(crate::identity::CLOCK_SKEW_MS)]).map_err(failed)?;
        self.count_unfinished()?;
        self.index_texts()?;
        // Our last document may be among what is lost.
        self.set_restored(true)
    }
}

/// Rows that need others.
#[derive(Default)]
struct Later {
    deliveries: Vec<Vec<Value>>,
    requests: Vec<Vec<Value>>,
    ratings: Vec<Vec<Value>>,
    /// Digests.
    invitations: BTreeSet<Vec<u8>>,
}

/// The columns of a contact that came with later versions, as many as there were when the row was written.
fn is_end_of_contact(columns: &[Value]) -> bool {
    use Value::{Blob, Null, Text};
    let is_invited = |digest: &Value| matches!(digest, Null) || matches!(digest, Blob(bytes) if bytes.len() == 32);
    let is_invitation = |bytes: &Value| matches!(bytes, Null) || matches!(bytes, Blob(bytes) if bytes.len() == 16);
    match columns {
        [] | [Null | Text(_)] | [Null | Text(_), Text(_)] => true,
        [Null | Text(_), Text(_), invited_with, invitation] => is_invited(invited_with) && is_invitation(invitation),
        _ => false,
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::{ToSqlOutput, ValueRef};
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null | Self::Real => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

#[cfg(test)]
mod tests;
