use std::sync::Arc;

use tokio::sync::Semaphore;

use super::ApiError;

/// Work that keeps a processor busy for long, with a limit of how much of it runs at the same time.
#[derive(Debug, Clone)]
pub(crate) struct CpuPool(Arc<Semaphore>);

impl CpuPool {
    pub(crate) fn new(max_concurrent: usize) -> Self {
        Self(Arc::new(Semaphore::new(max_concurrent.clamp(1, Semaphore::MAX_PERMITS))))
    }

    /// Waits for a permit. Work that has begun goes on when its caller is gone, and holds its permit until it ends.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let permit =
            Arc::clone(&self.0).acquire_owned().await.map_err(|error| ApiError::internal(error.to_string()))?;
        let span = tracing::Span::current();
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            span.in_scope(work)
        });
        done.await.map_err(|error| ApiError::internal(error.to_string()))
    }
}
