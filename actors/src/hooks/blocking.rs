//! Work on templates and schemas, which others wrote, keeps a processor busy: away from the async threads, a few at a time, and
//! with an end.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use super::{HookError, Result};

/// Work that takes longer is given up. It ends by its own limits.
const LIMIT: Duration = Duration::from_secs(1);
/// A request waits no longer for its turn.
const QUEUE_LIMIT: Duration = Duration::from_secs(5);
const AT_ONCE: usize = 8;

pub(super) struct Blocking(Arc<Semaphore>);

impl Default for Blocking {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Blocking {
    pub(super) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let permit = timeout(QUEUE_LIMIT, self.0.clone().acquire_owned()).await;
        let permit = permit.map_err(|_| HookError::Busy)?.map_err(|_| HookError::Busy)?;
        // Held until the work ends, not until it is given up.
        let running = spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        });
        match timeout(LIMIT, running).await {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => Err(HookError::Template(format!("rendering failed: {panic}"))),
            Err(_) => Err(HookError::Slow(LIMIT)),
        }
    }
}
