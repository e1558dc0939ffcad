//! `claimTask` (deprecated).

use std::sync::Arc;

use super::{
    claim_run::claim_run,
    error::QueueError,
    local::LocalQueue,
    types::{Claim, ClaimTaskRequest},
};

impl LocalQueue {
    pub(super) async fn claim_task(self: &Arc<Self>, request: ClaimTaskRequest) -> Result<Claim, QueueError> {
        let ClaimTaskRequest { task_id, run_id, worker } = request;
        self.command(async move |queue| {
            // This claim is recorded at once, and those before it come first.
            queue.records.try_write(&queue.db).await;
            let now = queue.now();
            let taken_until = now + queue.settings.claim_timeout.delta();
            let (claim, changed) = claim_run(&queue.db, task_id, run_id, &worker, taken_until, now).await?;
            if changed {
                queue.notifications.relay.notify();
            }
            Ok(claim)
        })
        .await
    }
}
