//! A task that ends with its owner.

use tokio::task::JoinHandle;

/// A task that ends when this is dropped.
#[derive(Debug)]
pub(super) struct Ending(JoinHandle<()>);

impl Ending {
    /// Begins it. To be called within a tokio runtime.
    pub(super) fn spawn(task: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(task))
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.abort();
    }
}
