//! What can go wrong with what is on disk.

use std::path::PathBuf;

use rusqlite::ErrorCode;

use crate::identity::{InvitationName, NodeId};
use crate::nickname::Nickname;
use crate::wire::PacketId;

/// Why the store could not do something. No text of a message is ever part of it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The files cannot be opened.
    #[error("cannot open the database {}: {source}; {}", .path.display(), advice(.source))]
    Open {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The file is a database of something else.
    #[error("the database `{database}` was not made by bitpie: move the file away, and the node makes a new one")]
    Foreign {
        /// Which: `main` is messages.db, `peers` is peers.db.
        database: String,
    },
    /// A newer bitpie has written it.
    #[error(
        "the database `{database}` has version {found}, and this bitpie knows versions up to {known}: use a newer bitpie"
    )]
    Newer {
        /// Which.
        database: String,
        /// Its version.
        found: i64,
        /// The newest that is known.
        known: usize,
    },
    /// A file cannot be read or written by itself.
    #[error("cannot read or write {}: {detail}", .path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        detail: String,
    },
    /// Only what could be read of a damaged database is there.
    #[error(
        "nothing can be kept: the database is damaged, and open for reading only. `bitpie stop`, then `bitpie doctor --repair`"
    )]
    ReadOnly,
    /// SQLite failed.
    #[error("the database failed to {doing}: {source}; {}", advice(.source))]
    Sql {
        /// At what.
        doing: &'static str,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// A group of jobs was not committed: none of them has happened.
    #[error("nothing was saved, for the database could not commit: {detail}")]
    Commit {
        /// What SQLite says, and what to do about it.
        detail: String,
    },
    /// A row says what no row can say.
    #[error("the database holds a wrong value ({what}); `bitpie doctor` checks it, and a backup can be restored")]
    Damaged {
        /// What.
        what: &'static str,
    },
    /// There is no higher revision for a document of ours.
    #[error("the identity document has the highest revision that there is, and cannot be changed any more")]
    RevisionsUsedUp,
    /// Two contacts would have one name.
    #[error("the name {name} is that of the contact {holder}: choose another one")]
    NameTaken {
        /// The name.
        name: Nickname,
        /// Who has it.
        holder: NodeId,
    },
    /// There is no such contact.
    #[error("{id} is not a contact: add it first with `bitpie contact add`")]
    NoContact {
        /// Who.
        id: NodeId,
    },
    /// The contact has not been accepted.
    #[error("{id} is not an accepted contact: accept it first with `bitpie contact accept`")]
    NotAccepted {
        /// Who.
        id: NodeId,
    },
    /// There is no such outgoing message.
    #[error("there is no outgoing message {id}")]
    NoMessage {
        /// Which.
        id: PacketId,
    },
    /// An outgoing message with this id exists already.
    #[error("the message {id} exists already")]
    MessageExists {
        /// Which.
        id: PacketId,
    },
    /// Too many messages wait to be delivered.
    #[error(
        "{waiting} messages wait to be delivered already, and more are not kept: wait until some are, or until they expire"
    )]
    QueueFull {
        /// How many.
        waiting: u64,
    },
    /// Too many invitations are given away.
    #[error("{open} invitations count already, and more are not kept: `bitpie invite remove NAME` takes one back")]
    ManyInvitations {
        /// How many.
        open: u64,
    },
    /// There is no such invitation.
    #[error("there is no invitation {name} that counts: `bitpie invite list` shows those that do")]
    NoInvitation {
        /// Which.
        name: InvitationName,
    },
    /// The store's thread has more to do than may wait.
    #[error("the disk is too slow for what is asked of it: {jobs} jobs wait already; try again")]
    Busy {
        /// How many.
        jobs: usize,
    },
    /// The store's thread has ended.
    #[error("the store is closed: the node is stopping")]
    Closed,
}

impl StoreError {
    /// SQLite failed at something.
    pub(super) fn sql(doing: &'static str, source: rusqlite::Error) -> Self {
        if source.sqlite_error_code() == Some(rusqlite::ErrorCode::ReadOnly) {
            return Self::ReadOnly;
        }
        Self::Sql { doing, source }
    }

    /// Whether its text says what to do about it, and not only where to look.
    #[must_use]
    pub fn says_what_to_do(&self) -> bool {
        match self {
            Self::Open { source, .. } | Self::Sql { source, .. } => advice(source) != LOOK,
            Self::Foreign { .. } | Self::Newer { .. } | Self::ReadOnly => true,
            _ => false,
        }
    }

    /// A group of jobs was not committed.
    pub(super) fn commit(source: &rusqlite::Error) -> Self {
        Self::Commit { detail: format!("{source}; {}", advice(source)) }
    }
}

/// What is advised where nothing better is known.
const LOOK: &str = "`bitpie doctor` checks it";

/// What to do where SQLite fails, by why it does.
fn advice(source: &rusqlite::Error) -> &'static str {
    if let rusqlite::Error::InvalidPath(_) = source {
        return "its path has to be UTF-8: choose another home with `--home DIR`";
    }
    match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "it is damaged: `bitpie stop`, then `bitpie doctor --repair`, which saves what can be read"
        }
        Some(ErrorCode::DiskFull) => "make room on the disk",
        Some(ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
            "let this user read and write the file and its folder"
        }
        Some(ErrorCode::CannotOpen) => {
            "see what is in its place: it has to be a file that this user may read and write, in a folder of which the same holds"
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
            "another program has it open: end that one"
        }
        Some(ErrorCode::SystemIoFailure) => "the disk could not be read or written: the log of the system may say why",
        Some(ErrorCode::OutOfMemory) => "end programs that need much memory",
        _ => LOOK,
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    fn failure(code: std::ffi::c_int) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some("what SQLite says".to_owned()))
    }

    /// Words that are right for one cause, and mislead for any other.
    const WORDS: [(&str, &[std::ffi::c_int]); 6] = [
        ("room on the disk", &[ffi::SQLITE_FULL]),
        ("let this user", &[ffi::SQLITE_PERM, ffi::SQLITE_READONLY]),
        ("this user may", &[ffi::SQLITE_CANTOPEN]),
        ("another program", &[ffi::SQLITE_BUSY, ffi::SQLITE_LOCKED, ffi::SQLITE_PROTOCOL]),
        ("--repair", &[ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB]),
        ("much memory", &[ffi::SQLITE_NOMEM]),
    ];

    #[test]
    fn what_is_advised_fits_the_cause() {
        for code in ffi::SQLITE_ERROR..=ffi::SQLITE_NOTADB {
            let opened = StoreError::Open { path: "messages.db".into(), source: failure(code) };
            let failed = StoreError::Sql { doing: "read", source: failure(code) };
            for error in [opened, failed, StoreError::commit(&failure(code))] {
                let said = error.to_string();
                assert_eq!(said.matches("what SQLite says").count(), 1, "{said}");
                assert_eq!(said.matches("; ").count(), 1, "one piece of advice: {said}");
                for (word, codes) in WORDS {
                    assert_eq!(said.contains(word), codes.contains(&code), "{code}, {word}: {said}");
                }
            }
        }
        let path = StoreError::Open { path: "x".into(), source: rusqlite::Error::InvalidPath("x".into()) };
        assert!(path.to_string().ends_with("choose another home with `--home DIR`"), "{path}");
    }

    #[test]
    fn a_file_that_is_no_database_is_not_called_one_that_may_not_be_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let [messages, peers] = ["messages.db", "peers.db"].map(|name| folder.path().join(name));
        std::fs::write(&messages, [b'x'; 4096]).expect("written");
        let said = crate::store::Store::open(&messages, &peers).map(drop).expect_err("it is none").to_string();
        assert!(said.contains("it is damaged") && !said.contains("this user"), "{said}");
        std::fs::remove_file(&messages).expect("removed");
        std::fs::create_dir(&messages).expect("made");
        let said = crate::store::Store::open(&messages, &peers).map(drop).expect_err("a folder").to_string();
        assert!(said.contains("see what is in its place") && !said.contains("damaged"), "{said}");
    }
}
