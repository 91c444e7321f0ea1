//! Two sides, each on a thread of its own with a runtime of its own, as two programs would be.

use std::sync::mpsc;

use anyhow::Context as _;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::LocalSet;

/// Something that the other side is to have and to acknowledge.
pub struct Request {
    /// What it is.
    pub payload: Vec<u8>,
    /// Used when the answer is there.
    pub answered: oneshot::Sender<()>,
}

/// Where requests are left for the other side of a connection, which ends when the sender is dropped.
pub struct Line {
    /// Takes requests.
    pub requests: tokio::sync::mpsc::Sender<Request>,
    /// Ends when the connection has.
    pub ended: tokio::task::JoinHandle<()>,
}

/// Requests that wait to be sent.
pub const REQUESTS_WAITING: usize = 256;

/// A runtime of one thread, as a node has it.
///
/// # Errors
/// If the system does not give it.
pub fn runtime() -> anyhow::Result<Runtime> {
    Builder::new_current_thread().enable_all().build().context("a runtime cannot be started")
}

/// Runs something to its end on this thread, with the tasks that it spawns.
///
/// # Errors
/// Those of what is run.
pub fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    LocalSet::new().block_on(&runtime()?, work)
}

/// Runs `there` on a thread of its own, which tells its address, and `here` on this one.
///
/// # Errors
/// Those of either side.
pub fn across<A, T, There, Here>(
    there: impl FnOnce(mpsc::Sender<A>) -> There + Send + 'static,
    here: impl FnOnce(A) -> Here,
) -> anyhow::Result<T>
where
    A: Send + 'static,
    There: Future<Output = anyhow::Result<()>>,
    Here: Future<Output = anyhow::Result<T>>,
{
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::Builder::new().name("there".into()).spawn(move || block_on(there(sender)))?;
    let found = match receiver.recv() {
        Ok(address) => block_on(here(address)),
        Err(_) => Err(anyhow::anyhow!("the other side did not come up")),
    };
    match thread.join() {
        Ok(ended) => ended.context("the other side")?,
        Err(_) => anyhow::bail!("the other side has panicked"),
    }
    found
}
