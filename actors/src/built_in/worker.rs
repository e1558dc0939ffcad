//! One worker of one task queue: claims, carries out, reports.

use std::time::Duration;

use base::{Backoff, Shutdown};
use futures_util::future::join_all;
use protocol::{
    error::ErrorCode,
    id::{TaskId, WorkerName},
};

use super::{BuiltIn, Kind, task};
use crate::queue::{
    QueueError, Report,
    types::{Claim, ClaimWorkRequest, ReportRequest},
};

const WORKER_GROUP: &str = "built-in";
/// Runs that are carried out side by side. Actions read and write many rows each.
const AT_ONCE: u16 = 32;
const ACTIONS_AT_ONCE: u16 = 4;
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(5);

pub(super) struct Worker {
    pub(super) built_in: BuiltIn,
    pub(super) kind: Kind,
    pub(super) id: String,
    pub(super) shutdown: Shutdown,
}

impl Worker {
    /// Works until the process stops; what was claimed by then is still carried out.
    pub(super) async fn work(self) {
        let mut backoff = self.backoff();
        loop {
            let claims = tokio::select! {
                biased;
                () = self.shutdown.wait() => return,
                claims = self.claim() => claims,
            };
            match claims {
                Ok(claims) if !claims.is_empty() => {
                    backoff.reset();
                    join_all(claims.iter().map(|claim| self.carry_out(claim))).await;
                    continue;
                }
                // A queue that is about to stop answers at once.
                Ok(_) => backoff.reset(),
                Err(error) => {
                    let (queue, error) = (self.kind.task_queue_id(), &error as &dyn std::error::Error);
                    tracing::warn!(queue.id = %queue, error, "built-in tasks cannot be claimed just now");
                }
            }
            tokio::select! {
                () = self.shutdown.wait() => return,
                () = backoff.pause() => {}
            }
        }
    }

    async fn claim(&self) -> Result<Vec<Claim>, QueueError> {
        let worker = WorkerName { worker_group: WORKER_GROUP.to_owned(), worker_id: self.id.clone() };
        let task_queue_id = self.kind.task_queue_id();
        let count = if matches!(self.kind, Kind::Action(_)) { ACTIONS_AT_ONCE } else { AT_ONCE };
        self.built_in.queue.claim_work(ClaimWorkRequest { task_queue_id, worker, count }).await
    }

    async fn carry_out(&self, claim: &Claim) {
        let task_id = claim.status.task_id;
        let outcome = task::outcome(&self.kind, claim).await;
        match self.report(claim, outcome).await {
            Ok(()) => {}
            // Somebody cancelled it, or its claim expired and another process has it.
            Err(error) if error.code() == ErrorCode::RequestConflict => {
                tracing::info!(task.id = %task_id, run.id = claim.run_id, %error, "a built-in task has ended meanwhile");
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(task.id = %task_id, run.id = claim.run_id, error, "a built-in task cannot be resolved, its claim expires");
            }
        }
    }

    /// Repeats it while the queue is away, as long as the run is claimed.
    async fn report(&self, claim: &Claim, report: Report) -> Result<(), QueueError> {
        let (task_id, run_id): (TaskId, _) = (claim.status.task_id, claim.run_id);
        let mut backoff = self.backoff();
        loop {
            let reported = self.built_in.queue.report(ReportRequest::new(task_id, run_id, report)).await;
            let Err(error) = reported else { return Ok(()) };
            let is_passing = error.code() == ErrorCode::ServiceUnavailable;
            if !is_passing || self.built_in.clock.now() > claim.taken_until {
                return Err(error);
            }
            backoff.pause().await;
        }
    }

    fn backoff(&self) -> Backoff {
        Backoff::new(FIRST_RETRY, LAST_RETRY, self.built_in.rng.branch("backoff"))
    }
}
