//! Files that are held in memory as a whole: one user of them at a time in each process.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Its clones are the same one.
#[derive(Debug, Clone)]
pub struct LargeFiles(Arc<Semaphore>);

impl Default for LargeFiles {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

impl LargeFiles {
    /// As long as it is held nobody else reads any. Actions end in time, so it is not waited for without end.
    pub(super) async fn permit(&self) -> OwnedSemaphorePermit {
        self.0.clone().acquire_owned().await.expect("the semaphore is never closed")
    }
}
