//! The store on a thread of its own, with group commit: all jobs that wait are done in one transaction, and answered
//! when it is on disk.
//!
//! An fsync takes about as long for a hundred messages as for one, so the more there is to do, the less each costs; and
//! alone, a job waits for nothing but its own commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use super::{Store, StoreError};
use crate::abort_points::{AbortPoint, reach};

/// Jobs that may wait for the store, at most.
pub const JOBS_WAITING: usize = 1_024;

/// Jobs of one commit, at most: it bounds how long the first of them waits.
const JOBS_PER_COMMIT: usize = 256;

/// Where jobs for the store are handed in. Cheap to clone; when the last one is gone, the store does what is left and
/// closes.
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

#[cfg(test)]
mod tests {
    use super::super::tests::{accepted, arrival, new_message, node};
    use super::*;
    use crate::messages::ArrivalVerdict;
    use crate::store::Quota;

    fn started() -> (StoreHandle, StoreThread, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("messages.db"), &folder.path().join("peers.db")).expect("opened");
        accepted(&store, 1);
        let (handle, thread) = StoreThread::start(store).expect("a thread");
        (handle, thread, folder)
    }

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(work)
    }

    /// Keeps the thread busy until the sender is used or dropped.
    fn hold(handle: &StoreHandle) -> (std::sync::mpsc::Sender<()>, oneshot::Receiver<Result<(), StoreError>>) {
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let (begun, has_begun) = std::sync::mpsc::channel();
        let answer = handle.submit(move |_| {
            begun.send(()).expect("somebody waits");
            let _ = wait.recv();
            Ok(())
        });
        has_begun.recv().expect("it has begun");
        (go, answer.expect("room"))
    }

    #[test]
    fn jobs_that_wait_are_committed_together_and_each_gets_its_own_answer() {
        let (handle, thread, _folder) = started();
        let (go, held) = hold(&handle);
        let good: Vec<_> = (1..=10)
            .map(|id| handle.submit(move |store| store.receive(&arrival(1, id, "x"), &Quota::default(), 1_000)))
            .collect();
        let bad = handle.submit(|store| {
            store.queue_message(&new_message(1, 1, "never"), None, 1)?;
            store.queue_message(&new_message(9, 2, "nobody"), None, 1)
        });
        drop(go);
        block_on(async {
            held.await.expect("answered").expect("done");
            for answer in good {
                let verdict = answer.expect("room").await.expect("answered").expect("received");
                assert!(matches!(verdict, ArrivalVerdict::Accepted { .. }));
            }
            let error = bad.expect("room").await.expect("answered").expect_err("no contact");
            assert!(matches!(error, StoreError::NoContact { id } if id == node(9)));
            let items = handle.run(|store| store.messages_after(None, 0, 99)).await.expect("read");
            assert_eq!(items.len(), 10, "of the job that failed nothing is left");
        });
        assert_eq!(handle.commits_and_jobs(), (3, 13));
        drop(handle);
        thread.join();
    }

    #[test]
    fn more_than_may_wait_is_refused() {
        let (handle, thread, _folder) = started();
        let (go, _held) = hold(&handle);
        let waiting: Vec<_> = (0..JOBS_WAITING).map(|_| handle.submit(|_| Ok(())).expect("room")).collect();
        assert!(matches!(handle.submit(|_| Ok(())), Err(StoreError::Busy { jobs: JOBS_WAITING })));
        drop(go);
        block_on(async {
            for answer in waiting {
                answer.await.expect("answered").expect("done");
            }
            handle.run(|_| Ok(())).await.expect("room again");
        });
        drop(handle);
        thread.join();
    }

    #[test]
    fn what_was_asked_for_is_done_before_the_store_closes() {
        let (handle, thread, folder) = started();
        let (go, _held) = hold(&handle);
        let answer =
            handle.submit(|store| store.receive(&arrival(1, 1, "last"), &Quota::default(), 1_000)).expect("room");
        drop(handle);
        drop(go);
        thread.join();
        assert!(matches!(block_on(answer), Ok(Ok(ArrivalVerdict::Accepted { .. }))));
        let store = Store::open(&folder.path().join("messages.db"), &folder.path().join("peers.db")).expect("opened");
        assert_eq!(store.last_position().expect("read"), 1);
    }

    #[test]
    fn a_commit_that_fails_is_told_to_all_of_its_jobs() {
        let (handle, thread, folder) = started();
        // Another process holds the file, and this one does not wait for it.
        let other = rusqlite::Connection::open(folder.path().join("messages.db")).expect("opened");
        block_on(
            handle
                .run(|store| store.connection.busy_timeout(std::time::Duration::ZERO).map_err(|_| StoreError::Closed)),
        )
        .expect("set");
        other.execute_batch("BEGIN IMMEDIATE").expect("held");
        let error = block_on(handle.run(|_| Ok(()))).expect_err("held by another");
        assert!(matches!(error, StoreError::Commit { .. }), "{error}");
        other.execute_batch("ROLLBACK").expect("given back");
        block_on(handle.run(|_| Ok(()))).expect("free again");
        drop(handle);
        thread.join();
    }
}
