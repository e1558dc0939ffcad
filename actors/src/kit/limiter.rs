//! Requests that need no actor: async functions over the database, as many at once as it has connections for.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tracing::Instrument;

use super::CallError;

/// Bounds the requests that run at the same time, and those that wait. One that is slow keeps its permit and holds up
/// nobody else, whatever it is about. Cheap to clone.
#[derive(Clone)]
pub struct Limiter {
    running: Arc<Semaphore>,
    /// Those that run and those that wait.
    admitted: Arc<Semaphore>,
}

impl Limiter {
    /// `max_running` run, `max_queued` more wait for a permit; one more is turned away.
    pub fn new(max_running: usize, max_queued: usize) -> Self {
        let admitted = max_running.saturating_add(max_queued).min(Semaphore::MAX_PERMITS);
        Self { running: Arc::new(Semaphore::new(max_running.max(1))), admitted: Arc::new(Semaphore::new(admitted)) }
    }

    /// For reads. `Late` after the timeout, `Down` at once where too many wait. A read that is late, or that nobody waits
    /// for any more, is dropped: it has changed nothing.
    pub async fn read<T>(&self, limit: Duration, read: impl Future<Output = T>) -> Result<T, CallError> {
        let permitted = async {
            let _admitted = self.admitted.try_acquire().map_err(|_| CallError::Down)?;
            let _running = self.running.acquire().await.map_err(|_| CallError::Down)?;
            Ok(read.await)
        };
        timeout(limit, permitted).await.unwrap_or(Err(CallError::Late))
    }

    /// For commands. As `read`, but one that has begun goes on to its end whoever waits for it: what follows its commit,
    /// such as notifications, must not get lost with the caller. A panic in it is `Down`.
    pub async fn command<T: Send + 'static>(
        &self,
        limit: Duration,
        command: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, CallError> {
        let permitted = async {
            let admitted = self.admitted.clone().try_acquire_owned().map_err(|_| CallError::Down)?;
            let running = self.running.clone().acquire_owned().await.map_err(|_| CallError::Down)?;
            run_detached(command, (admitted, running)).await
        };
        timeout(limit, permitted).await.unwrap_or(Err(CallError::Late))
    }
}

async fn run_detached<T: Send + 'static>(
    command: impl Future<Output = T> + Send + 'static,
    permits: (OwnedSemaphorePermit, OwnedSemaphorePermit),
) -> Result<T, CallError> {
    let permitted = async move {
        let _permits = permits;
        command.await
    };
    #[expect(clippy::disallowed_methods, reason = "the permits bound it, and it ends by itself")]
    let task = tokio::spawn(permitted.in_current_span());
    task.await.map_err(|_| CallError::Down)
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::{sync::oneshot, task::JoinSet};

    use super::*;

    const SOON: Duration = Duration::from_secs(10);
    const NOW: Duration = Duration::from_millis(20);

    /// A read that never ends and holds its permit.
    async fn stuck(limiter: &Limiter, tasks: &mut JoinSet<()>) {
        let (limiter, (started, running)) = (limiter.clone(), oneshot::channel());
        tasks.spawn(async move {
            let read = async move {
                started.send(()).unwrap();
                pending::<()>().await;
            };
            let _ = limiter.read(Duration::MAX, read).await;
        });
        running.await.unwrap();
    }

    #[tokio::test]
    async fn a_slow_read_holds_up_no_other() {
        let (limiter, mut tasks) = (Limiter::new(2, 10), JoinSet::new());
        stuck(&limiter, &mut tasks).await;
        assert_eq!(limiter.read(SOON, ready(1)).await, Ok(1));
        assert_eq!(limiter.command(SOON, ready(2)).await, Ok(2));
    }

    #[tokio::test]
    async fn those_over_the_limit_wait_and_more_are_turned_away() {
        let (limiter, mut tasks) = (Limiter::new(1, 1), JoinSet::new());
        stuck(&limiter, &mut tasks).await;
        assert_eq!(limiter.read(NOW, ready(1)).await, Err(CallError::Late));
        assert_eq!(limiter.command(NOW, ready(1)).await, Err(CallError::Late));
        let waiting = limiter.read(SOON, ready(2));
        tokio::pin!(waiting);
        assert!(timeout(NOW, &mut waiting).await.is_err(), "it waits for the one that runs");
        assert_eq!(limiter.read(SOON, ready(3)).await, Err(CallError::Down));
        assert_eq!(limiter.command(SOON, ready(3)).await, Err(CallError::Down));
        tasks.shutdown().await;
        assert_eq!(waiting.await, Ok(2));
    }

    #[tokio::test]
    async fn a_command_goes_on_when_its_caller_does_not_wait_any_more() {
        let limiter = Limiter::new(1, 10);
        let ((open, gate), (done, ended)) = (oneshot::channel::<()>(), oneshot::channel());
        let command = async move {
            gate.await.unwrap();
            done.send("done").unwrap();
        };
        assert_eq!(limiter.command(NOW, command).await, Err(CallError::Late));
        assert_eq!(limiter.read(NOW, ready(1)).await, Err(CallError::Late), "it keeps its permit");
        open.send(()).unwrap();
        assert_eq!(ended.await, Ok("done"));
        assert_eq!(limiter.read(SOON, ready(1)).await, Ok(1));
    }

    #[tokio::test]
    async fn a_panic_costs_its_own_command_alone() {
        let limiter = Limiter::new(1, 10);
        assert_eq!(limiter.command(SOON, async { panic!("on purpose") }).await, Err::<(), _>(CallError::Down));
        assert_eq!(limiter.command(SOON, ready(1)).await, Ok(1));
    }
}
