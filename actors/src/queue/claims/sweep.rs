//! The timer of the wait queue: ends long polls, lets waiting claims look once more in case a notification was lost, and
//! finds claims whose answers were lost.

use std::{convert::Infallible, time::Duration};

use chrono::TimeDelta;
use tokio::time::Instant;

use super::{
    delivery::Delivery,
    operation::ClaimOperation,
    wait_queue::{WaitingClaim, WorkerKey},
};
use crate::kit::{Batcher, Next, Periodic};

/// How long after a claim its process must have recorded it.
const RECORDED_WITHIN: TimeDelta = TimeDelta::seconds(3);
/// Later looks go back no further: what is older was found before.
const LOOK_BACK: TimeDelta = TimeDelta::minutes(1);
/// Most found in one look.
const MAX_FOUND: i32 = 500;

pub(in crate::queue) struct ClaimSweep {
    pub(in crate::queue) batcher: Batcher<ClaimOperation>,
    /// Least time between two looks for claims without an answer.
    pub(in crate::queue) look_interval: Duration,
}

impl Periodic for ClaimSweep {
    type Error = Infallible;

    async fn run(&mut self) -> Result<Next, Infallible> {
        let operation = self.batcher.operation();
        // Replies and `resubmit` take locks of their own: the one of the wait queue is released first.
        let (expired, ready) = operation.wait_queue().sweep(Instant::now());
        expired.into_iter().for_each(WaitingClaim::answer_empty);
        self.batcher.resubmit(ready);
        if let Some(first) = operation.unanswered.due(self.look_interval) {
            self.find_unanswered(first).await;
            for worker in operation.unanswered.workers() {
                self.serve_waiting(worker).await;
            }
        }
        Ok(Next::DONE)
    }
}

impl ClaimSweep {
    async fn find_unanswered(&self, first: bool) {
        let operation = self.batcher.operation();
        let (timeout, now) = (operation.claim_timeout, operation.clock.now());
        let after = now - if first { timeout } else { LOOK_BACK };
        match operation.db.undelivered_claims(timeout, after, now - RECORDED_WITHIN, MAX_FOUND).await {
            Ok(found) => found.into_iter().for_each(|claim| operation.unanswered.add(claim)),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "cannot read unanswered claims");
            }
        }
    }

    /// A worker that waits already need not ask again.
    async fn serve_waiting(&self, worker: WorkerKey) {
        let operation = self.batcher.operation();
        // The guard ends with this statement; what follows awaits.
        let Some(waiting) = operation.wait_queue().take_waiting(&worker) else { return };
        let claims = operation.redeliver_unanswered(&worker, waiting.claimer.count).await;
        if claims.is_empty() {
            self.batcher.resubmit(vec![waiting]);
        } else {
            let _ = waiting.reply.send(Ok(Delivery::new(claims, operation.wait_queue.clone(), worker)));
        }
    }
}
