//! Who must hear of a commit, besides the caller: waiting claimers, the relay, the scheduler.
//!
//! Given after the commit and free to be lost: everyone here looks by himself too, only later.

use std::sync::Arc;

use db::queue::Woken;
use protocol::id::TaskQueueId;

/// A wake-up that costs next to nothing to give.
pub type Nudge = Arc<dyn Fn() + Send + Sync>;

/// One nudge that gives two.
pub fn both(one: Nudge, other: Nudge) -> Nudge {
    Arc::new(move || {
        one();
        other();
    })
}

/// Says that this many tasks became pending in a queue.
pub type PendingNudge = Arc<dyn Fn(&TaskQueueId, usize) + Send + Sync>;

/// The wake-ups that the queue gives. Cheap to clone.
#[derive(Clone)]
pub struct Wakes {
    /// Events were written.
    pub relay: Nudge,
    /// Tasks were resolved, so groups may be.
    pub scheduler: Nudge,
    pub claimers: PendingNudge,
}

impl Wakes {
    /// Wakes nobody: everyone then finds out at the next tick.
    pub fn none() -> Self {
        Self { relay: Arc::new(|| ()), scheduler: Arc::new(|| ()), claimers: Arc::new(|_, _| ()) }
    }

    /// Tasks became pending, and so events were written.
    pub fn pending(&self, woken: &[Woken]) {
        for queue in woken {
            (self.claimers)(&queue.task_queue_id, queue.count);
        }
        (self.relay)();
    }

    /// Runs ended for good; some dependents may have become pending.
    pub fn resolved(&self, woken: &[Woken]) {
        self.pending(woken);
        (self.scheduler)();
    }
}
