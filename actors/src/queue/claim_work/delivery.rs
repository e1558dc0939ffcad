//! Claims on their way to a worker, which may hang up at any moment.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use protocol::id::{RunId, TaskId};

use super::desk::{Desk, WorkerKey};
use crate::queue::types::Claim;

/// The desk, as those reach it who hold something that belongs there.
#[derive(Clone, Default)]
pub(super) struct SharedDesk(Arc<Mutex<Desk>>);

impl SharedDesk {
    pub(super) fn lock(&self) -> MutexGuard<'_, Desk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Claims for one worker. Dropped before they were taken, wherever that happens, they go to another call of the same
/// worker: to one that waits, or else to the next one.
pub(super) struct Delivery {
    claims: Vec<Claim>,
    back: Option<(SharedDesk, WorkerKey)>,
}

impl Delivery {
    pub(super) fn new(claims: Vec<Claim>, desk: SharedDesk, worker: WorkerKey) -> Self {
        Self { claims, back: Some((desk, worker)) }
    }

    /// The answer to a worker for whom there was no task.
    pub(super) fn nothing() -> Self {
        Self { claims: vec![], back: None }
    }

    /// They are the worker's now.
    pub(super) fn take(mut self) -> Vec<Claim> {
        mem::take(&mut self.claims)
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        let claims = mem::take(&mut self.claims);
        let Some((shared, worker)) = self.back.take().filter(|_| !claims.is_empty()) else { return };
        let mut desk = shared.lock();
        if let Some(other) = desk.take_parked(&worker) {
            drop(desk);
            // Should it have hung up too, the delivery is dropped in turn and comes back to this place.
            let _ = other.reply.send(Ok(Self::new(claims, shared, worker)));
            return;
        }
        tracing::info!(queue.id = %worker.0, worker.id = worker.1.worker_id, "a worker hung up before it heard of its claims");
        let runs = claims.iter().map(|claim| (claim.status.task_id, claim.run_id)).collect();
        desk.keep_undelivered(worker, runs);
    }
}

/// Runs that a worker was given and never heard of, while they are looked up for it once more. Those still in it when
/// it is dropped are kept for the worker's next call.
pub(super) struct Missed {
    pub(super) runs: Vec<(TaskId, RunId)>,
    desk: SharedDesk,
    worker: WorkerKey,
}

impl Missed {
    pub(super) fn of(desk: &SharedDesk, worker: &WorkerKey) -> Self {
        let runs = desk.lock().take_undelivered(worker);
        Self { runs, desk: desk.clone(), worker: worker.clone() }
    }
}

impl Drop for Missed {
    fn drop(&mut self) {
        if !self.runs.is_empty() {
            self.desk.lock().keep_undelivered(self.worker.clone(), mem::take(&mut self.runs));
        }
    }
}
