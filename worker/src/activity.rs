//! Whether a worker has tasks, and since when it has none.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::Instant};

#[derive(Clone, Copy)]
struct State {
    running: usize,
    /// Of the last change.
    since: Instant,
}

/// Cheap to clone; clones share the state.
#[derive(Clone)]
pub(crate) struct Activity(Arc<watch::Sender<State>>);

/// A task at work, until it is dropped.
pub(crate) struct Running(Activity);

impl Activity {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(State { running: 0, since: Instant::now() })))
    }

    pub(crate) fn begin(&self) -> Running {
        self.0.send_modify(|state| *state = State { running: state.running + 1, since: Instant::now() });
        Running(self.clone())
    }

    /// Returns once no task has run for so long; how long it is so far.
    pub(crate) async fn until_idle(&self, idle: Duration) -> Duration {
        let mut state = self.0.subscribe();
        loop {
            let State { running, since } = *state.borrow_and_update();
            if running > 0 {
                // The sender is this very value.
                let _ = state.changed().await;
                continue;
            }
            tokio::select! {
                () = tokio::time::sleep_until(since + idle) => return since.elapsed(),
                _ = state.changed() => {}
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.0.send_modify(|state| *state = State { running: state.running - 1, since: Instant::now() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn idle_begins_with_the_end_of_the_last_task() {
        let (activity, idle) = (Activity::new(), Duration::from_millis(20));
        let (first, second) = (activity.begin(), activity.begin());
        let waiting = activity.until_idle(idle);
        tokio::pin!(waiting);
        drop(first);
        assert!(tokio::time::timeout(idle * 5, &mut waiting).await.is_err(), "a task still runs");
        drop(second);
        assert!(waiting.await >= idle);
    }
}
