//! Cancels a request at the master that no run waits for any more.

use super::{KnownRequest, ReconcileError, RequestReconciler};
use crate::{decide::Observation, driver::MasterDriver};

impl RequestReconciler<'_> {
    /// The master answers a cancel the same whether it had any effect, so the request is read again by the next check.
    pub(super) async fn cancel(&mut self) -> Result<(), ReconcileError> {
        let Observation::Found { request, .. } = &self.observation else { return Ok(()) };
        let (id, waited) = (request.id, !request.claimed);
        // It may have been read with a whole group a while ago. Cancelling a request that a builder has claimed since would hang its
        // build: see the README on bugs of Buildbot 4.3.
        match self.master.driver.requests(&[id]).await?.pop() {
            Some(fresh) if fresh.result.is_none() && !(waited && fresh.claimed) => {}
            fresh => {
                self.known = fresh.map_or(KnownRequest::Missing, KnownRequest::Request);
                return self.observe().await;
            }
        }
        let now = self.master.now();
        let reason = format!("Drover task {} does not need it any more", self.row.task_id());
        self.master.driver.cancel(id, &reason).await?;
        let asked = *self.row.cancel_requested.get_or_insert(now);
        let alert_at = asked + self.master.rules.settings.cancel_alert_after.delta();
        if now >= alert_at {
            self.master.metrics.count_cancel_ignored(self.master.name());
            // Once, not with each further attempt.
            if self.row.cancel_attempted.is_some_and(|before| before < alert_at) {
                let (task, master) = (self.row.task_id(), self.master.name());
                tracing::error!(
                    task.id = %task, master, request = id.0,
                    "cancel without effect at the master; a build that never began blocks a worker: see `drover bridge check`"
                );
            }
        }
        self.row.cancel_attempted = Some(now);
        self.save().await?;
        tracing::info!(task.id = %self.row.task_id(), master = self.master.name(), request = id.0, "request cancelled");
        Ok(())
    }
}
