//! A backup: one file, a copy of `messages.db` with a table more, in which the other files of the home lie.
//!
//! One file because it cannot be half copied, and SQLite's own because its backup interface copies a consistent state
//! while the node runs, and because whoever has lost this program can still read it with any `sqlite3`. It is as secret
//! as the home: mode 0600, and the key in it is encrypted exactly if it was in the home. Known peers are not in it:
//! they can be found again. SQLite notices when its pages do not fit together, and not when a letter has become
//! another; so a digest of all rows is in a second table. It is against damage, and not against malice.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rusqlite::backup::Backup;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use sha2::{Digest as _, Sha256};

use super::damage::without_heading;
use super::{BUSY_TIMEOUT, Store, StoreError, schema};

/// A file of the home that goes into a backup. No `Debug`: the key is one of them.
#[derive(Clone, PartialEq, Eq)]
pub struct SavedFile {
    /// Its name in the home.
    pub name: String,
    /// What is in it.
    pub contents: zeroize::Zeroizing<Vec<u8>>,
}

/// Bytes of one file in a backup, at most.
const SAVED_FILE_BYTES: usize = 1024 * 1024;

/// Writes a backup, of a node that runs or not. `to` must not exist.
///
/// # Errors
/// If it exists, or something cannot be read or written; then there is no file `to`.
pub fn write_backup(messages: &Path, to: &Path, files: &[SavedFile]) -> Result<(), BackupError> {
    if to.try_exists().map_err(at(to))? {
        return Err(BackupError::Exists { path: to.to_owned() });
    }
    let partial = partial(to);
    make_empty(&partial)?;
    let mut damage = None;
    let outcome = copy(messages, &partial, |copied| {
        // What is damaged is no copy of anything.
        let said: String = copied.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if said != "ok" {
            damage = Some(without_heading(&said));
            return Ok(());
        }
        copied.execute_batch("CREATE TABLE home_files (name TEXT PRIMARY KEY, contents BLOB NOT NULL) STRICT")?;
        files.iter().try_for_each(|file| {
            copied.execute("INSERT INTO home_files VALUES (?1, ?2)", (&file.name, file.contents.as_slice())).map(drop)
        })?;
        copied.execute_batch("CREATE TABLE backup_digest (digest BLOB NOT NULL) STRICT")?;
        copied.execute("INSERT INTO backup_digest VALUES (?1)", [digest(copied)?]).map(drop)
    });
    let outcome = match damage {
        Some(what) => Err(BackupError::Damaged { path: messages.to_owned(), what }),
        None => outcome,
    };
    finish(outcome, &partial, to)
}

/// The files of the home that lie in a backup, after the whole of it was checked.
///
/// # Errors
/// If it cannot be read, is no backup, is damaged, or was made by a newer program.
pub fn read_backup(from: &Path) -> Result<Vec<SavedFile>, BackupError> {
    if !from.try_exists().map_err(at(from))? {
        return Err(BackupError::Missing { path: from.to_owned() });
    }
    let wrong = |what: &str| BackupError::NoBackup { path: from.to_owned(), what: what.to_owned() };
    let failed = |error: rusqlite::Error| wrong(&error.to_string());
    let connection = open(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let number = |pragma: &str| connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i64>(0));
    if number("application_id").map_err(failed)? != i64::from(schema::APPLICATION_ID) {
        return Err(wrong("it was not made by bitpie"));
    }
    let version = number("user_version").map_err(failed)?;
    if version > schema::MESSAGES.len() as i64 {
        return Err(wrong(&format!("it has version {version}, so it was made by a newer bitpie")));
    }
    let verdict: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if verdict != "ok" {
        return Err(wrong(&format!("it is damaged: {verdict}")));
    }
    let has = |table: &str| {
        let query = "SELECT count(*) > 0 FROM sqlite_schema WHERE name = ?1";
        connection.query_row(query, [table], |row| row.get::<_, bool>(0)).map_err(failed)
    };
    if !has("home_files")? {
        return Err(wrong("it is the database of a home, and not a whole backup"));
    }
    if !has("backup_digest")? {
        return Err(wrong(
            "nothing in it says whether it is whole: an older bitpie made it, or somebody has changed it",
        ));
    }
    let said: Option<Vec<u8>> =
        connection.query_row("SELECT digest FROM backup_digest", [], |row| row.get(0)).optional().map_err(failed)?;
    if said.as_deref() != Some(&digest(&connection).map_err(failed)?) {
        return Err(wrong("it is damaged: something in it is not as it was saved"));
    }
    let mut query = connection
        .prepare("SELECT name, contents FROM home_files WHERE octet_length(contents) <= ?1 ORDER BY name")
        .map_err(failed)?;
    let files = query.query_map([SAVED_FILE_BYTES as i64], |row| {
        Ok(SavedFile { name: row.get(0)?, contents: row.get::<_, Vec<u8>>(1)?.into() })
    });
    files.and_then(Iterator::collect).map_err(failed)
}

/// Makes the database of a home out of a backup that [`read_backup`] has found good. `messages` must not exist. The
/// home then knows that it is a restored one ([`Store::is_restored`]).
///
/// # Errors
/// If there is such a file, or something cannot be read or written; then there is no file `messages`.
pub fn restore_messages(from: &Path, messages: &Path) -> Result<(), BackupError> {
    if messages.try_exists().map_err(at(messages))? {
        return Err(BackupError::Exists { path: messages.to_owned() });
    }
    let partial = partial(messages);
    make_empty(&partial)?;
    let outcome = copy(from, &partial, |copied| {
        // Deleted rows are overwritten, so that the key does not stay in the database's free pages.
        copied.execute_batch("PRAGMA secure_delete = ON; DROP TABLE home_files; DROP TABLE backup_digest; VACUUM;")
    });
    let outcome = outcome.and_then(|()| {
        let store = Store::prepare({
            let connection = open(&partial, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            connection.execute("ATTACH ':memory:' AS peers", []).map_err(|error| sql(&partial, &error))?;
            connection
        })?;
        // Which of them were used or taken back since is not known.
        store.withdraw_invitations()?;
        Ok(store.set_restored(true)?)
    });
    finish(outcome, &partial, messages)
}

/// A digest of all that is in the tables, and of what they are. What the full-text search has made of the texts is left
/// out. The order of the rows counts for nothing, since nobody promises one: their digests are added.
fn digest(connection: &Connection) -> rusqlite::Result<[u8; 32]> {
    let mut tables = connection.prepare(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT IN ('sqlite_schema', 'backup_digest') ORDER BY name",
    )?;
    let tables: Vec<String> = tables.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut sum = [0_u64; 4];
    let definitions = "SELECT type, name, sql FROM sqlite_schema WHERE name <> 'backup_digest'".to_owned();
    let contents = tables.iter().map(|table| format!("SELECT * FROM \"{}\"", table.replace('"', "\"\"")));
    for query in contents.chain([definitions]) {
        let mut statement = connection.prepare(&query)?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let mut of_row = Sha256::new_with_prefix(&query);
            for column in 0..columns {
                add(&mut of_row, row.get_ref(column)?);
            }
            for (part, chunk) in sum.iter_mut().zip(of_row.finalize().chunks_exact(8)) {
                *part = part.wrapping_add(u64::from_be_bytes(chunk.try_into().expect("there are eight")));
            }
        }
    }
    let mut all = Sha256::new();
    sum.iter().for_each(|part| all.update(part.to_be_bytes()));
    Ok(all.finalize().into())
}

/// A value as it is, behind what it is and how long.
fn add(digest: &mut Sha256, value: ValueRef<'_>) {
    let number;
    let (kind, content): (u8, &[u8]) = match value {
        ValueRef::Null => (0, &[]),
        ValueRef::Integer(integer) => {
            number = integer.to_be_bytes();
            (1, &number)
        }
        ValueRef::Real(real) => {
            number = real.to_bits().to_be_bytes();
            (2, &number)
        }
        ValueRef::Text(text) => (3, text),
        ValueRef::Blob(blob) => (4, blob),
    };
    digest.update([kind]);
    digest.update((content.len() as u64).to_be_bytes());
    digest.update(content);
}

fn copy(from: &Path, to: &Path, then: impl FnOnce(&Connection) -> rusqlite::Result<()>) -> Result<(), BackupError> {
    // Reading in WAL mode writes to the index of the WAL, so not read-only.
    let source = open(from, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mut target = open(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let failed = |error| sql(to, &error);
    // All pages in one step are one state: a node that writes meanwhile does not make it begin anew.
    let step = Backup::new(&source, &mut target).and_then(|backup| backup.step(-1)).map_err(failed)?;
    if step != rusqlite::backup::StepResult::Done {
        return Err(BackupError::Busy { path: from.to_owned() });
    }
    // One file, without a WAL beside it.
    target.pragma_update(None, "journal_mode", "DELETE").map_err(failed)?;
    then(&target).map_err(failed)?;
    target.close().map_err(|(_, error)| failed(error))
}

fn open(path: &Path, access: OpenFlags) -> Result<Connection, BackupError> {
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX);
    let connection = connection.map_err(|error| sql(path, &error))?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(|error| sql(path, &error))?;
    Ok(connection)
}

fn make_empty(path: &Path) -> Result<(), BackupError> {
    // What an interrupted attempt has left.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(path)(error)),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map(drop).map_err(at(path))
}

/// Gives the finished file its name, or removes the unfinished one.
fn finish(outcome: Result<(), BackupError>, partial: &Path, path: &Path) -> Result<(), BackupError> {
    let outcome = outcome.and_then(|()| {
        fs::File::open(partial).and_then(|file| file.sync_all()).map_err(at(partial))?;
        fs::rename(partial, path).map_err(at(path))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))
    });
    if outcome.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(partial);
    }
    outcome
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

fn at(path: &Path) -> impl Fn(io::Error) -> BackupError {
    move |source| BackupError::File { path: path.to_owned(), source }
}

fn sql(path: &Path, error: &rusqlite::Error) -> BackupError {
    BackupError::Database { path: path.to_owned(), detail: error.to_string() }
}

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is a file already.
    #[error("{} exists already, and is left as it is: name another file", .path.display())]
    Exists {
        /// Which.
        path: PathBuf,
    },
    /// There is no such file.
    #[error("there is no backup {}", .path.display())]
    Missing {
        /// Which.
        path: PathBuf,
    },
    /// The file cannot be used.
    #[error("{} is no backup that can be restored: {what}", .path.display())]
    NoBackup {
        /// Which.
        path: PathBuf,
        /// Why.
        what: String,
    },
    /// A file cannot be read or written.
    #[error("cannot read or write {}: {source}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// SQLite cannot read or write.
    #[error("the database {} cannot be copied: {detail}", .path.display())]
    Database {
        /// Which.
        path: PathBuf,
        /// What SQLite says.
        detail: String,
    },
    /// The database that was to be saved is damaged.
    #[error("{} is damaged ({what}), and no backup was made: `bitpie doctor` says what can be done", .path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Another process holds the database.
    #[error("the database {} is held by another process: try again", .path.display())]
    Busy {
        /// Which.
        path: PathBuf,
    },
    /// The copy is not what a home can use.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::tests::{accepted, arrival, node};
    use super::*;
    use crate::messages::ArrivalVerdict;
    use crate::store::Quota;

    fn home() -> (tempfile::TempDir, PathBuf, Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let messages = folder.path().join("messages.db");
        let store = Store::open(&messages, &folder.path().join("peers.db")).expect("opened");
        accepted(&store, 1);
        store.receive(&arrival(1, 1, "hello"), &Quota::default(), 1_000).expect("received");
        (folder, messages, store)
    }

    #[test]
    fn a_letter_that_has_become_another_is_noticed() {
        let (folder, messages, store) = home();
        let saved = folder.path().join("backup");
        drop(store);
        write_backup(&messages, &saved, &key()).expect("saved");
        let whole = fs::read(&saved).expect("read");
        for what in ["hello", "VERYSECRET", "identity.key", "AFTER DELETE"] {
            let place = whole.windows(what.len()).position(|window| window == what.as_bytes()).expect("it is in there");
            let mut altered = whole.clone();
            altered[place] ^= 1;
            fs::write(&saved, altered).expect("written");
            let error =
                read_backup(&saved).err().unwrap_or_else(|| panic!("nobody has noticed it in {what}")).to_string();
            assert!(error.contains("is no backup that can be restored"), "{what}: {error}");
        }
        fs::write(&saved, whole).expect("written");
        read_backup(&saved).expect("it is whole");
    }

    fn key() -> Vec<SavedFile> {
        vec![SavedFile { name: "identity.key".into(), contents: b"VERYSECRET".to_vec().into() }]
    }

    #[test]
    fn a_running_store_is_saved_and_restored_with_its_files() {
        let (folder, messages, store) = home();
        let (saved, restored) = (folder.path().join("backup"), folder.path().join("restored.db"));
        write_backup(&messages, &saved, &key()).expect("saved");
        assert_eq!(fs::metadata(&saved).expect("there").permissions().mode() & 0o777, 0o600);
        store.receive(&arrival(1, 2, "later"), &Quota::default(), 1_000).expect("the store goes on");
        assert!(read_backup(&saved).expect("good") == key());
        restore_messages(&saved, &restored).expect("restored");
        let bytes = fs::read(&restored).expect("read");
        assert!(!bytes.windows(10).any(|window| window == b"VERYSECRET"), "the key stays out of the database");
        let copy = Store::open(&restored, &folder.path().join("other.db")).expect("opened");
        assert_eq!(copy.messages_after(None, 0, 9).expect("read").len(), 1);
        assert!(copy.is_restored().expect("read") && !store.is_restored().expect("read"));
        let again = copy.receive(&arrival(1, 1, "hello"), &Quota::default(), 1_000).expect("received");
        assert_eq!(again, ArrivalVerdict::Duplicate);
        assert_eq!(copy.check().expect("checked"), [""; 0]);
        assert_eq!(copy.contact(&node(1)).expect("read").expect("there").unread, 1);
        let mut files: Vec<_> =
            fs::read_dir(folder.path()).expect("read").map(|file| file.expect("read").file_name()).collect();
        files.retain(|name| name.to_string_lossy().contains("partial"));
        assert!(files.is_empty(), "{files:?}");
    }

    #[test]
    fn an_invitation_of_a_backup_counts_no_more_and_who_came_by_it_waits_on() {
        use crate::identity::Invitation;
        use crate::messages::Arrival;
        use crate::store::NewInvitation;
        let (folder, messages, store) = home();
        let token = Invitation::from_bytes([9; 16]);
        for (number, is_once) in [(9, false), (10, true)] {
            let digest = Invitation::from_bytes([number; 16]).digest();
            store.add_invitation(&NewInvitation { digest, until_unix_ms: 9_000, is_once }, 1).expect("kept");
        }
        let invited = |sender| Arrival { invitation: Some(token.clone()), ..arrival(sender, 1, "may I?") };
        store.receive(&invited(2), &Quota::default(), 1_000).expect("received");
        let (saved, restored) = (folder.path().join("backup"), folder.path().join("restored.db"));
        write_backup(&messages, &saved, &key()).expect("saved");
        let bytes = fs::read(&saved).expect("read");
        assert!(!bytes.windows(16).any(|window| window == token.as_bytes()), "nobody gets it out of a backup");
        assert_eq!(store.invitations(1_000).expect("read").len(), 2, "they go on to count here");
        restore_messages(&saved, &restored).expect("restored");
        let copy = Store::open(&restored, &folder.path().join("other.db")).expect("opened");
        assert_eq!(copy.invitations(1_000).expect("read"), []);
        copy.receive(&invited(3), &Quota::default(), 1_000).expect("received");
        let by = |id| copy.contact(&node(id)).expect("read").expect("there").invited_with;
        assert_eq!((by(2), by(3)), (Some(token.digest().name()), None));
        assert_eq!(copy.check().expect("checked"), [""; 0]);
    }

    #[test]
    fn nothing_is_overwritten() {
        let (folder, messages, _store) = home();
        let saved = folder.path().join("backup");
        write_backup(&messages, &saved, &key()).expect("saved");
        assert!(matches!(write_backup(&messages, &saved, &key()), Err(BackupError::Exists { .. })));
        assert!(matches!(restore_messages(&saved, &messages), Err(BackupError::Exists { .. })));
    }

    #[test]
    fn what_is_no_backup_is_refused() {
        let (folder, messages, store) = home();
        let saved = folder.path().join("backup");
        assert!(matches!(read_backup(&saved), Err(BackupError::Missing { .. })));
        let refused = |path: &Path| read_backup(path).err().expect("refused").to_string();
        drop(store);
        assert!(refused(&messages).contains("not a whole backup"), "{}", refused(&messages));
        fs::write(&saved, "not a database at all, but some text that is long enough to be one").expect("written");
        assert!(refused(&saved).contains("not a database"), "{}", refused(&saved));
        fs::write(&saved, "").expect("written");
        assert!(refused(&saved).contains("not made by bitpie"), "{}", refused(&saved));
        fs::remove_file(&saved).expect("removed");
        write_backup(&messages, &saved, &key()).expect("saved");
        let mut bytes = fs::read(&saved).expect("read");
        bytes.truncate(bytes.len() / 2);
        fs::write(&saved, bytes).expect("written");
        read_backup(&saved).err().expect("cut in half");
    }
}
