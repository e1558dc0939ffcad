//! Claims on their way to a worker, which may hang up at any moment.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use protocol::id::{RunId, TaskId};

use super::wait_queue::{WaitQueue, WorkerKey};
use crate::queue::types::Claim;

/// The wait queue, as those reach it who hold something that belongs there. Its lock is held for steps in memory only,
/// never while a reply is sent: a reply that nobody waits for drops the delivery, which takes the lock.
#[derive(Clone, Default)]
pub(super) struct SharedWaitQueue(Arc<Mutex<WaitQueue<Delivery>>>);

impl SharedWaitQueue {
    pub(super) fn lock(&self) -> MutexGuard<'_, WaitQueue<Delivery>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Claims for one worker. Dropped before they were taken, wherever that happens, they go to another call of the same
/// worker: to one that waits, or else to the next one. The default is the answer to a worker for whom there was no task.
#[derive(Default)]
pub(in crate::queue) struct Delivery {
    claims: Vec<Claim>,
    back: Option<(SharedWaitQueue, WorkerKey)>,
}

impl Delivery {
    pub(super) fn new(claims: Vec<Claim>, wait_queue: SharedWaitQueue, worker: WorkerKey) -> Self {
        Self { claims, back: Some((wait_queue, worker)) }
    }

    /// They are the worker's now.
    pub(in crate::queue) fn take(mut self) -> Vec<Claim> {
        mem::take(&mut self.claims)
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        let claims = mem::take(&mut self.claims);
        let Some((shared, worker)) = self.back.take().filter(|_| !claims.is_empty()) else { return };
        let mut wait_queue = shared.lock();
        if let Some(other) = wait_queue.take_waiting(&worker) {
            drop(wait_queue);
            // Should it have hung up too, the delivery is dropped in turn and comes back to this place.
            let _ = other.reply.send(Ok(Self::new(claims, shared, worker)));
            return;
        }
        tracing::info!(queue.id = %worker.0, worker.id = worker.1.worker_id, "worker hung up before its claims were delivered");
        let runs = claims.iter().map(|claim| (claim.status.task_id, claim.run_id)).collect();
        wait_queue.keep_undelivered(worker, runs);
    }
}

/// Runs whose claims were not delivered to their worker, while they are looked up for it once more. Those still in it
/// when it is dropped are kept for the worker's next call.
pub(super) struct Undelivered {
    pub(super) runs: Vec<(TaskId, RunId)>,
    wait_queue: SharedWaitQueue,
    worker: WorkerKey,
}

impl Undelivered {
    pub(super) fn of(wait_queue: &SharedWaitQueue, worker: &WorkerKey) -> Self {
        let runs = wait_queue.lock().take_undelivered(worker);
        Self { runs, wait_queue: wait_queue.clone(), worker: worker.clone() }
    }
}

impl Drop for Undelivered {
    fn drop(&mut self) {
        if !self.runs.is_empty() {
            self.wait_queue.lock().keep_undelivered(self.worker.clone(), mem::take(&mut self.runs));
        }
    }
}
