//! A database that is damaged: how that is noticed before anything is done with it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::pages::is_log_damaged;
use super::{BUSY_TIMEOUT, StoreError};

/// Bytes with which every database begins.
const HEADER_BYTES: u64 = 100;

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
