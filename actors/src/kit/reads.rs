//! Reads that need no order among each other: as many at once as the database has connections for.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Semaphore, time::timeout};

use super::CallError;

/// A place for reads. One that is slow keeps a permit and holds up nobody else, whatever it is about.
#[derive(Clone)]
pub struct Reads {
    running: Arc<Semaphore>,
    /// Those that run and those that wait.
    admitted: Arc<Semaphore>,
}

impl Reads {
    /// `at_once` run, `max_queued` more wait for a permit; one more is turned away.
    pub fn new(at_once: usize, max_queued: usize) -> Self {
        let admitted = at_once.saturating_add(max_queued).min(Semaphore::MAX_PERMITS);
        Self { running: Arc::new(Semaphore::new(at_once.max(1))), admitted: Arc::new(Semaphore::new(admitted)) }
    }

    /// The answer, or `Late` after `deadline`, or `Down` at once where too many wait. A read that is late is dropped: it
    /// has changed nothing.
    pub async fn run<T>(&self, deadline: Duration, read: impl Future<Output = T>) -> Result<T, CallError> {
        let _admitted = self.admitted.try_acquire().map_err(|_| CallError::Down)?;
        let running = async {
            let _permit = self.running.acquire().await.map_err(|_| CallError::Down)?;
            Ok(read.await)
        };
        timeout(deadline, running).await.unwrap_or(Err(CallError::Late))
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::task::JoinSet;

    use super::*;

    const SOON: Duration = Duration::from_secs(10);
    const NOW: Duration = Duration::from_millis(20);

    /// A read that never ends and holds its permit.
    async fn stuck(reads: &Reads, tasks: &mut JoinSet<()>) {
        let (reads, (begun, running)) = (reads.clone(), tokio::sync::oneshot::channel());
        tasks.spawn(async move {
            let read = async move {
                begun.send(()).unwrap();
                pending::<()>().await;
            };
            let _ = reads.run(Duration::MAX, read).await;
        });
        running.await.unwrap();
    }

    #[tokio::test]
    async fn a_slow_read_holds_up_no_other() {
        let (reads, mut tasks) = (Reads::new(2, 10), JoinSet::new());
        stuck(&reads, &mut tasks).await;
        assert_eq!(reads.run(SOON, ready(1)).await, Ok(1));
    }

    #[tokio::test]
    async fn those_over_the_limit_wait_and_more_are_turned_away() {
        let (reads, mut tasks) = (Reads::new(1, 1), JoinSet::new());
        stuck(&reads, &mut tasks).await;
        assert_eq!(reads.run(NOW, ready(1)).await, Err(CallError::Late));
        let waiting = reads.run(SOON, ready(2));
        tokio::pin!(waiting);
        assert!(timeout(NOW, &mut waiting).await.is_err(), "it waits for the one that runs");
        assert_eq!(reads.run(SOON, ready(3)).await, Err(CallError::Down));
        tasks.shutdown().await;
        assert_eq!(waiting.await, Ok(2));
    }
}
