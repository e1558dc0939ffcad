//! Who is notified of a commit, besides the caller: waiting claims, the relay, the scheduler, the provisioner.

use std::{fmt, sync::Arc};

use db::queue::NewlyPending;
use protocol::id::TaskQueueId;

use super::Notifier;

/// Says that this many tasks became pending in a task queue.
pub type PendingNotifier = Arc<dyn Fn(&TaskQueueId, usize) + Send + Sync>;

/// The notifications that follow a commit. Cheap to clone.
#[derive(Clone)]
pub struct Notifications {
    /// Events were written to the outbox.
    pub relay: Notifier,
    /// Tasks were resolved, so task groups may be.
    pub scheduler: Notifier,
    /// Tasks became pending.
    pub claims: PendingNotifier,
    /// Hooks changed.
    pub hooks: Notifier,
    /// Worker pools were written, workers are to be stopped, or errors of pools were reported.
    pub pools: Notifier,
}

impl Notifications {
    /// Notifies nobody: everyone then finds out by its timer.
    pub fn none() -> Self {
        Self {
            relay: Notifier::none(),
            scheduler: Notifier::none(),
            claims: Arc::new(|_, _| ()),
            hooks: Notifier::none(),
            pools: Notifier::none(),
        }
    }

    /// Tasks became pending, and so events were written.
    pub fn tasks_pending(&self, woken: &[NewlyPending]) {
        for queue in woken {
            (self.claims)(&queue.task_queue_id, queue.count);
        }
        self.relay.notify();
    }

    /// Runs were resolved; some dependents may have become pending.
    pub fn tasks_resolved(&self, woken: &[NewlyPending]) {
        self.tasks_pending(woken);
        self.scheduler.notify();
    }
}

impl fmt::Debug for Notifications {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notifications")
    }
}
