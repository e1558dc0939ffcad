//! How a supervisor sees that an actor is stuck.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

/// The time by which an actor has promised to show progress. Cheap to clone; the clones share it.
///
/// Relaxed stores and loads suffice: nothing else is read on the strength of this number, and a supervisor that sees it
/// late only looks once more.
#[derive(Debug, Clone)]
pub struct Progress {
    epoch: Instant,
    /// Milliseconds after the epoch; `NEVER`: the actor waits for a message and has promised nothing.
    due: Arc<AtomicU64>,
}

const NEVER: u64 = u64::MAX;

impl Default for Progress {
    fn default() -> Self {
        Self { epoch: Instant::now(), due: Arc::new(AtomicU64::new(NEVER)) }
    }
}

impl Progress {
    /// The actor works, or waits for its timer: it calls this again, or `idle`, within this time.
    pub fn due_within(&self, time: Duration) {
        let due = (self.epoch.elapsed() + time).as_millis();
        self.due.store(u64::try_from(due).unwrap_or(NEVER), Ordering::Relaxed);
    }

    /// The actor waits for a message.
    pub fn idle(&self) {
        self.due.store(NEVER, Ordering::Relaxed);
    }

    pub(super) fn is_overdue(&self) -> bool {
        let due = self.due.load(Ordering::Relaxed);
        due != NEVER && self.epoch.elapsed() > Duration::from_millis(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_broken_promise_is_overdue() {
        let progress = Progress::default();
        assert!(!progress.is_overdue());
        progress.due_within(Duration::from_hours(1));
        assert!(!progress.is_overdue());
        progress.due_within(Duration::ZERO);
        std::thread::yield_now();
        while !progress.is_overdue() {
            std::hint::spin_loop();
        }
        progress.idle();
        assert!(!progress.is_overdue());
    }
}
