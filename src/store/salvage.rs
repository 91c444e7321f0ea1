//! A database that is damaged: how that is noticed before anything is done with it, and what can still be read of it.
//!
//! Nothing is repaired in place. What can be read goes into another database, and the damaged file stays for whoever
//! knows more of it.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::incoming::FORGOTTEN_UNTIL;
use super::pages::{PageRow, Pages, Value, is_log_damaged};
use super::rows::{Column, integer};
use super::{BUSY_TIMEOUT, Store, StoreError};
use crate::identity::VerifiedDocument;
use crate::messages::{ContactState, DeliveryState, MessageText};

/// Why an outgoing message of a damaged database has come to its end: what was known of its delivery is gone.
const DELIVERY_LOST: &str = "what became of it was lost with the damaged database";

/// Bytes with which every database begins.
const HEADER_BYTES: u64 = 100;

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

/// The log of a database, which SQLite keeps beside it.
#[must_use]
pub fn log_of(database: &Path) -> PathBuf {
    beside(database, "-wal")
}

/// The files that SQLite keeps beside a database.
#[must_use]
pub fn companions(database: &Path) -> [PathBuf; 2] {
    [log_of(database), beside(database, "-shm")]
}

fn beside(database: &Path, what: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(what);
    name.into()
}

/// What is wrong with a database, in words.
pub type Damage = String;

/// What is known of a database from elsewhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct Situation {
    /// It should hold something.
    pub was_used: bool,
    /// A process has it open, which has looked at its log and is writing there.
    pub is_in_use: bool,
}

/// What is wrong with a database; nothing if it is in order, or not there at all. It is not changed.
///
/// # Errors
/// If that cannot be found out: it may not be read, or another process holds it.
pub fn damage(database: &Path, situation: Situation) -> Result<Option<Damage>, StoreError> {
    let failed = |error: io::Error| StoreError::Unreadable { path: database.to_owned(), detail: error.to_string() };
    let log = log_of(database);
    let bytes = |path: &Path| match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    };
    let (of_database, of_log) = (bytes(database)?, bytes(&log)?.unwrap_or(0));
    match of_database {
        None if of_log > 0 => return Ok(Some("it is missing, and its log is there".to_owned())),
        None => return Ok(None),
        Some(0) if of_log > 0 => return Ok(Some("it is empty, and its log is not".to_owned())),
        Some(0) => return Ok(situation.was_used.then(|| "it is empty".to_owned())),
        // SQLite would take it for one that is about to be made.
        Some(..HEADER_BYTES) => return Ok(Some("it is shorter than any database".to_owned())),
        Some(_) => {}
    }
    if !situation.is_in_use && is_log_damaged(&log).map_err(failed)? {
        return Ok(Some("its log is damaged, and holds what was saved last".to_owned()));
    }
    match checked(database) {
        Ok(said) => Ok(said),
        Err(error) => match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Ok(Some(error.to_string())),
            _ => Err(StoreError::Open { path: database.to_owned(), source: error }),
        },
    }
}

/// What SQLite finds wrong, without looking whether indices fit their tables, which takes much longer.
fn checked(database: &Path) -> rusqlite::Result<Option<String>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // What is in the log stays there: nothing is written into a file that may be damaged.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    Ok((said != "ok").then(|| without_heading(&said)))
}

/// What SQLite's checks say, in one line: the line that names the database says nothing.
pub(super) fn without_heading(said: &str) -> String {
    said.lines().filter(|line| !line.starts_with("***")).collect::<Vec<_>>().join("; ")
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
mod tests {
    use super::super::tests::{accepted, arrival, message_id, new_message, node};
    use super::*;
    use crate::messages::ArrivalVerdict;
    use crate::store::Quota;

    const MESSAGES: u64 = 200;
    const PAGE: usize = 4096;

    struct Home {
        folder: tempfile::TempDir,
    }

    impl Home {
        fn messages(&self) -> PathBuf {
            self.folder.path().join("messages.db")
        }

        fn open(&self) -> Store {
            Store::open(&self.messages(), &self.folder.path().join("peers.db")).expect("opened")
        }

        fn damage(&self) -> Option<String> {
            damage(&self.messages(), Situation { was_used: true, is_in_use: false }).expect("looked")
        }

        fn change(&self, change: impl FnOnce(&mut Vec<u8>)) {
            let mut bytes = fs::read(self.messages()).expect("read");
            change(&mut bytes);
            fs::write(self.messages(), bytes).expect("written");
        }
    }

    fn text(number: u64) -> String {
        // Some go on over several pages.
        format!("message {number} {}", "x".repeat(if number.is_multiple_of(20) { 10_000 } else { 50 }))
    }

    /// Two contacts, a stranger, and many messages, all of it in the database and nothing in its log.
    fn home() -> Home {
        let home = Home { folder: tempfile::tempdir().expect("a folder") };
        let store = home.open();
        accepted(&store, 1);
        accepted(&store, 2);
        store
            .atomically(|store| {
                for number in 1..=MESSAGES {
                    let (of, text) = (1 + number % 2, text(number));
                    if number % 4 == 0 {
                        store.queue_message(&new_message(of, number, &text), None, 1_000)?;
                    } else {
                        store.receive(&arrival(of, number, &text), &Quota::default(), 1_000)?;
                    }
                }
                Ok(())
            })
            .expect("kept");
        assert_eq!(
            store.receive(&arrival(7, 1, "may I?"), &Quota::default(), 1_000).expect("received"),
            ArrivalVerdict::WaitsAsRequest
        );
        drop(store);
        home
    }

    /// What can be read, which is consistent, has only what was there, and recognises it.
    fn read(home: &Home) -> (Salvaged, u64) {
        let (store, salvaged) = Store::read_damaged(&home.messages()).expect("read");
        assert_eq!(store.check_read().expect("checked"), [""; 0]);
        let mut right = 0;
        for item in store.messages_after(None, 0, 1_000).expect("read") {
            assert_eq!(item.text.as_str(), text(item.position));
            right += 1;
        }
        assert!(store.queue_message(&new_message(1, 9_999, "x"), None, 1).is_err(), "nothing is taken");
        let to = home.folder.path().join("new.db");
        assert_eq!(Store::write_salvaged(&home.messages(), &to).expect("written"), salvaged);
        let new = Store::open(&to, Path::new(":memory:")).expect("opened");
        assert_eq!(new.check().expect("checked"), [""; 0]);
        new.atomically(|new| {
            for item in new.messages_after(None, 0, 1_000)? {
                if item.direction == crate::messages::Direction::Incoming {
                    let copy = arrival(1 + item.position % 2, item.position, "again");
                    assert_eq!(new.receive(&copy, &Quota::default(), 1_000)?, ArrivalVerdict::Duplicate);
                }
            }
            Ok(())
        })
        .expect("nothing new");
        drop(new);
        fs::remove_file(to).expect("removed");
        (salvaged, right)
    }

    #[test]
    fn what_is_in_order_is_said_to_be_and_read_whole() {
        let home = home();
        assert_eq!(home.damage(), None);
        let (salvaged, right) = read(&home);
        assert_eq!((right, salvaged.messages, salvaged.contacts, salvaged.waiting), (MESSAGES, MESSAGES, 3, 1));
        assert_eq!(salvaged.unreadable, 0);
        // Every number and state is what it was.
        let (old, (new, _)) = (home.open(), Store::read_damaged(&home.messages()).expect("read"));
        let all = |store: &Store| store.messages_after(None, 0, 1_000).expect("read");
        assert_eq!(all(&old), all(&new));
        assert_eq!(old.contacts().expect("read"), new.contacts().expect("read"));
        assert_eq!(old.unfinished_deliveries().expect("read"), new.unfinished_deliveries().expect("read"));
    }

    #[test]
    fn who_was_invited_stays_so_and_invitations_are_counted_and_not_kept() {
        use crate::identity::Invitation;
        use crate::messages::Arrival;
        use crate::store::{NewContact, NewInvitation};
        let home = home();
        let token = Invitation::from_bytes([9; 16]);
        let store = home.open();
        let new = NewInvitation { digest: token.digest(), until_unix_ms: 9_000, is_once: true };
        store.add_invitation(&new, 1).expect("kept");
        let invited = Arrival { invitation: Some(token.clone()), origin: "here".into(), ..arrival(8, 1, "may I?") };
        store.receive(&invited, &Quota::default(), 1_000).expect("received");
        let theirs = Invitation::from_bytes([5; 16]);
        let invitation = Some(theirs.clone());
        let added = NewContact { id: node(3), name: None, hints: Vec::new(), found_as: None, invitation };
        store.add_contact(&added, 1).expect("added");
        drop(store);
        home.change(|file| file[..100].fill(0xaa));
        let (salvaged, _) = read(&home);
        assert_eq!((salvaged.invitations, salvaged.waiting), (1, 2));
        let (store, _) = Store::read_damaged(&home.messages()).expect("read");
        assert_eq!(store.invitations(1_000).expect("read"), []);
        assert_eq!(store.contact(&node(8)).expect("read").expect("kept").invited_with, Some(token.digest().name()));
        assert_eq!(store.invitation_of(&node(3)).expect("read"), Some(theirs));
        let origin: String = store
            .connection
            .query_row("SELECT origin FROM contacts WHERE node = ?1", [Column(node(8))], |row| row.get(0))
            .expect("read");
        assert_eq!(origin, "here");
    }

    /// Rows of each version of the table, as they are on the pages.
    #[test]
    fn contacts_of_every_older_version_are_read() {
        use crate::store::schema;
        for version in 1..=schema::MESSAGES.len() {
            let home = Home { folder: tempfile::tempdir().expect("a folder") };
            let old = Connection::open(home.messages()).expect("opened");
            schema::migrate(&old, "main", &schema::MESSAGES[..version]).expect("made");
            let insert = "INSERT INTO contacts (node, name, state, hints, added_unix_ms) VALUES (?1, 'al', 1, '', 7)";
            old.execute(insert, [Column(node(1))]).expect("inserted");
            old.close().expect("closed");
            // The row stays as it is when columns are added.
            drop(home.open());
            let (store, salvaged) = Store::read_damaged(&home.messages()).expect("read");
            assert_eq!((salvaged.contacts, salvaged.unreadable), (1, 0), "version {version}");
            assert_eq!(store.contact(&node(1)).expect("read").expect("kept").added_unix_ms, 7);
        }
    }

    #[test]
    fn a_header_that_was_overwritten_costs_no_row() {
        for bytes in [16, 100, PAGE] {
            let home = home();
            home.change(|file| file[..bytes].fill(0xaa));
            assert!(home.damage().is_some());
            let (salvaged, right) = read(&home);
            assert_eq!((right, salvaged.contacts, salvaged.waiting), (MESSAGES, 3, 1), "{bytes}");
        }
    }

    #[test]
    fn a_page_in_the_middle_costs_what_was_on_it() {
        let home = home();
        let pages = fs::metadata(home.messages()).expect("there").len() as usize / PAGE;
        let whole = fs::read(home.messages()).expect("read");
        let mut noticed = 0;
        let tried = (1..pages).step_by(pages / 12);
        for page in tried.clone() {
            home.change(|file| file[page * PAGE..][..PAGE].fill(0x5a));
            noticed += usize::from(home.damage().is_some());
            let (_, right) = read(&home);
            assert!(right + 60 >= MESSAGES, "page {page}: {right}");
            fs::write(home.messages(), &whole).expect("written");
        }
        // What is left are pages that hold nothing but a text that goes on there.
        assert!(noticed * 2 > tried.count(), "{noticed} of {pages}");
    }

    #[test]
    fn what_is_read_of_a_damaged_file_can_be_searched() {
        let home = home();
        let (store, _) = Store::read_damaged(&home.messages()).expect("read");
        assert!(store.is_read_only());
        assert_eq!(store.search("message 7", 9).expect("searched").len(), 9);
    }

    #[test]
    fn a_truncated_file_gives_what_is_left() {
        let home = home();
        let whole = fs::read(home.messages()).expect("read");
        for part in [1, 2, 3] {
            fs::write(home.messages(), &whole[..whole.len() * part / 4 + 7]).expect("written");
            assert!(home.damage().is_some(), "{part}");
            read(&home);
        }
        for none in [&b""[..], &whole[..1], b"no database at all, but some text"] {
            fs::write(home.messages(), none).expect("written");
            assert!(home.damage().is_some());
            assert_eq!(read(&home).1, 0);
        }
    }

    #[test]
    fn a_damaged_log_is_noticed_and_read_behind_the_damage() {
        let home = home();
        // Commits that are only in the log, as a crash leaves them.
        let store = home.open();
        for number in MESSAGES + 1..=MESSAGES + 20 {
            store.receive(&arrival(1 + number % 2, number, &text(number)), &Quota::default(), 1_000).expect("received");
        }
        let other = Home { folder: tempfile::tempdir().expect("a folder") };
        fs::copy(home.messages(), other.messages()).expect("copied");
        fs::copy(log_of(&home.messages()), log_of(&other.messages())).expect("copied");
        drop(store);
        let log = log_of(&other.messages());
        let whole = fs::read(&log).expect("read");
        let database = fs::read(other.messages()).expect("read");
        let is_whole = |what: &str| {
            let (_, right) = read(&other);
            assert_eq!(right, MESSAGES + 20, "{what}");
        };
        assert!(whole.len() > 20 * PAGE);
        is_whole("the log is whole");
        assert_eq!(other.damage(), None, "a log is no damage");
        // A crash while the last was written.
        fs::write(&log, &whole[..whole.len() - 100]).expect("written");
        fs::write(other.messages(), &database).expect("as before");
        assert_eq!(other.damage(), None);
        for at in [0, 20, 5 * PAGE, whole.len() / 2] {
            let mut bytes = whole.clone();
            bytes[at..at + 8].fill(0x5a);
            fs::write(&log, bytes).expect("written");
            fs::write(other.messages(), &database).expect("as before");
            assert!(other.damage().is_some(), "at {at}");
            let (_, right) = read(&other);
            assert!(right >= MESSAGES + 15, "at {at}: {right}");
        }
        // The log alone: pages that are not in it are gone.
        fs::write(&log, &whole).expect("written");
        fs::remove_file(other.messages()).expect("removed");
        assert!(other.damage().is_some_and(|said| said.contains("missing")));
        assert!(read(&other).1 > 0);
    }

    #[test]
    fn whose_contact_is_lost_keeps_the_conversation_and_what_is_known_of_a_delivery_is_said() {
        let home = home();
        let store = home.open();
        store
            .connection
            .execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM contacts; DELETE FROM deliveries")
            .expect("lost");
        drop(store);
        let (salvaged, right) = read(&home);
        assert_eq!((salvaged.contacts, right), (3, MESSAGES));
        let (store, _) = Store::read_damaged(&home.messages()).expect("read");
        assert_eq!(store.contact(&node(1)).expect("read").expect("kept").state, ContactState::Removed);
        assert_eq!(store.contact(&node(7)).expect("read").expect("kept").state, ContactState::Requested);
        let sent = store.outgoing(&message_id(4)).expect("read").expect("there");
        assert_eq!((sent.state, sent.refusal.as_deref()), (Some(DeliveryState::Expired), Some(DELIVERY_LOST)));
    }
}
