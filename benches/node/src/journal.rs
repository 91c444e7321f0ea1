//! A journal in SQLite with a thread of its own: what a contender commits to, so that it promises what the node
//! promises.
//!
//! Like the node's store it commits all that waits together. Unlike it, it keeps one plain table: no contacts, no index
//! of texts, no bounds.

use std::path::Path;
use std::thread::JoinHandle;

use anyhow::Context as _;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

/// Jobs of one commit, at most; as in the node's store.
const JOBS_PER_COMMIT: usize = 256;

/// Jobs that may wait.
const JOBS_WAITING: usize = 1_024;

/// Something to be committed.
enum Job {
    /// A message that was not there before.
    Insert(u64, Vec<u8>),
    /// It has arrived.
    Delivered(u64),
}

/// Where things are committed. Cheap to clone.
#[derive(Clone)]
pub struct Journal {
    jobs: mpsc::Sender<(Job, oneshot::Sender<()>)>,
}

/// The thread of a journal; it ends when the last [`Journal`] is gone.
pub struct JournalThread(JoinHandle<rusqlite::Result<()>>);

impl Journal {
    /// A new one in that file.
    ///
    /// # Errors
    /// If the database cannot be made.
    pub fn start(path: &Path) -> anyhow::Result<(Self, JournalThread)> {
        let connection = Connection::open(path).context("a journal cannot be made")?;
        // As the node's messages: WAL, and on the disk before anything is answered.
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE messages (id INTEGER PRIMARY KEY, text BLOB NOT NULL, is_delivered INTEGER NOT NULL) STRICT;",
        )?;
        let (jobs, waiting) = mpsc::channel(JOBS_WAITING);
        let thread = std::thread::Builder::new().name("journal".into()).spawn(move || serve(&connection, waiting))?;
        Ok((Self { jobs }, JournalThread(thread)))
    }

    /// Keeps a message; comes back when it is on disk.
    ///
    /// # Errors
    /// If the journal has failed.
    pub async fn insert(&self, id: u64, text: Vec<u8>) -> anyhow::Result<()> {
        self.begin_insert(id, text).await?.await.context("the journal has failed")
    }

    /// Hands a message over; what is returned comes about when it is on disk.
    ///
    /// # Errors
    /// If the journal has failed.
    pub async fn begin_insert(&self, id: u64, text: Vec<u8>) -> anyhow::Result<oneshot::Receiver<()>> {
        self.submit(Job::Insert(id, text)).await
    }

    /// Notes that a message was delivered; comes back when that is on disk.
    ///
    /// # Errors
    /// If the journal has failed.
    pub async fn delivered(&self, id: u64) -> anyhow::Result<()> {
        self.submit(Job::Delivered(id)).await?.await.context("the journal has failed")
    }

    async fn submit(&self, job: Job) -> anyhow::Result<oneshot::Receiver<()>> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send((job, reply)).await.ok().context("the journal has failed")?;
        Ok(answer)
    }
}

impl JournalThread {
    /// Waits until everything is committed.
    ///
    /// # Errors
    /// What the database said.
    pub fn join(self) -> anyhow::Result<()> {
        match self.0.join() {
            Ok(ended) => ended.context("the journal has failed"),
            Err(_) => anyhow::bail!("the thread of the journal has panicked"),
        }
    }
}

fn serve(connection: &Connection, mut waiting: mpsc::Receiver<(Job, oneshot::Sender<()>)>) -> rusqlite::Result<()> {
    let mut group = Vec::with_capacity(JOBS_PER_COMMIT);
    while waiting.blocking_recv_many(&mut group, JOBS_PER_COMMIT) > 0 {
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        for (job, _) in &group {
            match job {
                Job::Insert(id, text) => connection
                    .prepare_cached("INSERT INTO messages VALUES (?1, ?2, 0)")?
                    .execute((id.cast_signed(), text))?,
                Job::Delivered(id) => connection
                    .prepare_cached("UPDATE messages SET is_delivered = 1 WHERE id = ?1")?
                    .execute([id.cast_signed()])?,
            };
        }
        connection.prepare_cached("COMMIT")?.execute([])?;
        // Whoever asked may have gone.
        for (_, reply) in group.drain(..) {
            let _ = reply.send(());
        }
    }
    Ok(())
}
