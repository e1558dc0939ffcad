//! One worker of one task queue: claims, carries out, reports.

use std::{pin::pin, time::Duration};

use base::{Backoff, Shutdown};
use futures_util::{
    FutureExt, StreamExt,
    future::{Fuse, FusedFuture},
    stream::FuturesUnordered,
};
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
    /// Works until the process stops; what was claimed by then is still carried out. A run that takes long holds up no other: more is
    /// claimed as soon as there is room.
    pub(super) async fn work(self) {
        let mut running = FuturesUnordered::new();
        // Not dropped because something else happens: the claim may have been made.
        let mut claiming = pin!(Fuse::terminated());
        loop {
            let room = usize::from(self.at_once()).saturating_sub(running.len());
            if room > 0 && claiming.is_terminated() {
                claiming.set(self.claims(u16::try_from(room).unwrap_or(u16::MAX)).fuse());
            }
            tokio::select! {
                biased;
                () = self.shutdown.wait() => break,
                Some(()) = running.next() => {}
                claims = &mut claiming => running.extend(claims.into_iter().map(|claim| self.carry_out(claim))),
            }
        }
        while running.next().await.is_some() {}
    }

    /// At least one, as soon as there is one.
    async fn claims(&self, count: u16) -> Vec<Claim> {
        let mut backoff = self.backoff();
        loop {
            match self.claim(count).await {
                Ok(claims) if !claims.is_empty() => return claims,
                // A queue that is about to stop answers at once.
                Ok(_) => backoff.reset(),
                Err(error) => {
                    let (queue, error) = (self.kind.task_queue_id(), &error as &dyn std::error::Error);
                    tracing::warn!(queue.id = %queue, error, "built-in tasks cannot be claimed just now");
                }
            }
            backoff.pause().await;
        }
    }

    async fn claim(&self, count: u16) -> Result<Vec<Claim>, QueueError> {
        let worker = WorkerName { worker_group: WORKER_GROUP.to_owned(), worker_id: self.id.clone() };
        let task_queue_id = self.kind.task_queue_id();
        self.built_in.queue.claim_work(ClaimWorkRequest { task_queue_id, worker, count }).await
    }

    const fn at_once(&self) -> u16 {
        if matches!(self.kind, Kind::Action(_)) { ACTIONS_AT_ONCE } else { AT_ONCE }
    }

    async fn carry_out(&self, claim: Claim) {
        let task_id = claim.status.task_id;
        let outcome = task::outcome(&self.kind, &claim).await;
        match self.report(&claim, outcome).await {
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
