//! The store on a thread of its own, with group commit: all jobs that wait are done in one transaction, and answered when it is on disk.
//!
//! An fsync takes about as long for a hundred messages as for one, so the more there is to do, the less each costs; and alone, a job
//! waits for nothing but its own commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use super::{Store, StoreError};
use crate::abort_points::{AbortPoint, reach};

/// Jobs that may wait for the store, at the most.
pub const JOBS_WAITING: usize = 1_024;

/// Jobs of one commit, at the most: it bounds how long the first of them waits.
const JOBS_PER_COMMIT: usize = 256;

/// Where jobs for the store are handed in. Cheap to clone; when the last one is gone, the store does what is left and closes.
#[derive(Clone)]
pub struct StoreHandle {
    jobs: mpsc::Sender<Box<dyn Job>>,
    counters: Arc<Counters>,
}

impl StoreHandle {
    /// Does something with the store, and answers when it is on disk. Waits while [`JOBS_WAITING`] others do.
    ///
    /// # Errors
    /// Those of `work`, after which nothing of it is left; or that it was not committed, or the store is closed.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (job, answer) = job(work);
        self.jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// The same without waiting for a place: for whoever must not stand still. The answer comes by the channel.
    ///
    /// # Errors
    /// If [`JOBS_WAITING`] wait already, or the store is closed; then nothing is done.
    pub fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<T, StoreError>>, StoreError> {
        let (job, answer) = job(work);
        self.jobs.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy { jobs: JOBS_WAITING },
            mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
        })?;
        Ok(answer)
    }

    /// How many commits there were, and of how many jobs.
    #[must_use]
    pub fn commits_and_jobs(&self) -> (u64, u64) {
        (self.counters.commits.load(Ordering::Relaxed), self.counters.jobs.load(Ordering::Relaxed))
    }
}

/// The thread on which a store lives.
pub struct StoreThread {
    thread: JoinHandle<()>,
}

impl StoreThread {
    /// Starts it.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(store: Store) -> std::io::Result<(StoreHandle, Self)> {
        let (jobs, waiting) = mpsc::channel(JOBS_WAITING);
        let counters = Arc::new(Counters::default());
        let of_thread = Arc::clone(&counters);
        let thread =
            std::thread::Builder::new().name("store".into()).spawn(move || serve(&store, waiting, &of_thread))?;
        Ok((StoreHandle { jobs, counters }, Self { thread }))
    }

    /// Waits until all handles are gone, what they had asked for is done, and the files are closed. Blocks.
    pub fn join(self) {
        if self.thread.join().is_err() {
            tracing::error!("the thread of the store has panicked; what was not answered was not saved");
        }
    }
}

#[derive(Default)]
struct Counters {
    commits: AtomicU64,
    jobs: AtomicU64,
}

fn serve(store: &Store, mut waiting: mpsc::Receiver<Box<dyn Job>>, counters: &Counters) {
    let mut group = Vec::with_capacity(JOBS_PER_COMMIT);
    while waiting.blocking_recv_many(&mut group, JOBS_PER_COMMIT) > 0 {
        let committed = store.atomically(|store| {
            group.iter_mut().for_each(|job| job.run(store));
            reach(AbortPoint::BeforeCommit);
            Ok(())
        });
        if let Err(error) = &committed {
            tracing::error!(%error, jobs = group.len(), "a commit has failed");
        }
        reach(AbortPoint::AfterCommit);
        counters.commits.fetch_add(1, Ordering::Relaxed);
        counters.jobs.fetch_add(group.len() as u64, Ordering::Relaxed);
        let failure = committed.err().map(|error| match error {
            StoreError::Commit { detail } => detail,
            other => other.to_string(),
        });
        for job in group.drain(..) {
            job.answer(failure.as_deref());
            reach(AbortPoint::BetweenAnswers);
        }
        reach(AbortPoint::AfterAnswers);
    }
}

/// Something to do, whatever its outcome is.
trait Job: Send {
    /// Does it, inside of the open transaction; what fails leaves nothing.
    fn run(&mut self, store: &Store);

    /// Tells what came of it, once it is on disk; or that nothing did.
    fn answer(self: Box<Self>, failure: Option<&str>);
}

struct Pending<T, F> {
    work: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

fn job<T: Send + 'static>(
    work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
) -> (Box<dyn Job>, oneshot::Receiver<Result<T, StoreError>>) {
    let (reply, answer) = oneshot::channel();
    (Box::new(Pending { work: Some(work), outcome: None, reply }), answer)
}

impl<T: Send, F: FnOnce(&Store) -> Result<T, StoreError> + Send> Job for Pending<T, F> {
    fn run(&mut self, store: &Store) {
        self.outcome = self.work.take().map(|work| store.atomically(work));
    }

    fn answer(self: Box<Self>, failure: Option<&str>) {
        let outcome = match (failure, self.outcome) {
            // Its own failure is the better explanation.
            (_, Some(Err(error))) => Err(error),
            (Some(detail), _) => Err(StoreError::Commit { detail: detail.to_owned() }),
            (None, Some(outcome)) => outcome,
            (None, None) => Err(StoreError::Closed),
        };
        // Whoever asked may have gone; what was done stays done.
        let _ = self.reply.send(outcome);
    }
}
