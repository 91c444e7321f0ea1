//! What can go wrong with what is on disk.

use std::path::PathBuf;

use crate::identity::{InvitationName, NodeId};
use crate::nickname::Nickname;
use crate::wire::PacketId;

/// Why the store could not do something. No text of a message is ever part of it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The files cannot be opened.
    #[error("cannot open the database {}: {source}; look at the folder's permissions and the space on the disk", .path.display())]
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
    #[error("the database failed to {doing}: {source}; `bitpie doctor` checks it")]
    Sql {
        /// At what.
        doing: &'static str,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// A group of jobs was not committed: none of them has happened.
    #[error("nothing was saved, for the database could not commit: {detail}; look at the space on the disk")]
    Commit {
        /// What SQLite says.
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
    #[error("{id} is no contact: add it first with `bitpie contact add`")]
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
}
