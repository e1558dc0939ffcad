//! `claimWork`.

use std::time::Duration;

use db::queue::Claimer;
use tokio::{sync::oneshot, time::Instant};

use super::{
    batch::wait,
    claims::{Delivery, WaitingClaim},
    error::QueueError,
    local::LocalQueue,
    types::{Claim, ClaimWorkRequest},
};

/// The sweep answers when the long poll is over; this limit is for a sweep that fails to.
const SWEEP_TIMEOUT: Duration = Duration::from_secs(5);

impl LocalQueue {
    pub(super) async fn assign_work(&self, request: ClaimWorkRequest) -> Result<Vec<Claim>, QueueError> {
        self.assign(request, self.long_poll).await
    }

    pub(super) async fn assign_pending_work(&self, request: ClaimWorkRequest) -> Result<Vec<Claim>, QueueError> {
        self.assign(request, Duration::ZERO).await
    }

    async fn assign(&self, request: ClaimWorkRequest, max_wait: Duration) -> Result<Vec<Claim>, QueueError> {
        let operation = self.claim_batcher.operation();
        let ClaimWorkRequest { task_queue_id, worker, count } = request;
        let key = (task_queue_id, worker);
        let redelivered = operation.redeliver(&key, count).await;
        if !redelivered.is_empty() {
            return Ok(redelivered);
        }
        let touch = operation.touch(&key);
        let (task_queue_id, worker) = key;
        let claimer = Claimer { task_queue_id, worker, count, touch, trace: base::telemetry::traceparent() };
        let (reply, answer) = oneshot::channel();
        let deadline = Instant::now() + max_wait;
        self.claim_batcher.submit(WaitingClaim { claimer, deadline, quarantined: false, reply })?;
        wait(answer, max_wait + SWEEP_TIMEOUT).await.map(Delivery::take)
    }
}
