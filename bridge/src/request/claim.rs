//! The claim of a run: taken when its build starts, renewed while it runs.

use actors::queue::Report;
use chrono::TimeDelta;
use db::bridge::BridgeState;
use protocol::{state::ReasonResolved, time::Timestamp};

use super::{ReconcileError, RequestReconciler};
use crate::{
    driver::BuildId,
    queue_client::{QueueClientError, RunOwnership},
};

impl RequestReconciler<'_> {
    /// Claims the run. A repeat under the same worker name gets the same answer.
    pub(super) async fn claim(&mut self, build: Option<BuildId>) -> Result<(), ReconcileError> {
        self.row.build_id = build.map(|build| build.0);
        let found = self.build().cloned();
        let worker = self.master.rules.worker_name(found.as_ref().and_then(|build| build.worker.as_ref()));
        let claimed = self.master.queue.claim(self.row.task_id(), self.row.run_id, worker).await;
        let taken_until = match claimed {
            Ok(taken_until) => taken_until,
            Err(QueueClientError::Refused(message)) => match self.ownership().await? {
                RunOwnership::Claimed(taken_until) => taken_until,
                RunOwnership::Superseded(run_id) => return self.switch_run(run_id).await,
                RunOwnership::Pending => return Err(QueueClientError::Unavailable(message).into()),
                RunOwnership::Ended => return self.mark_cancelled().await,
            },
            Err(error) => return Err(error.into()),
        };
        self.row.state = BridgeState::Running;
        self.row.build_number = found.as_ref().map(|build| build.number);
        self.set_claim(taken_until);
        self.save().await?;
        self.master.metrics.count_state(self.master.name(), "running");
        Ok(())
    }

    /// Renews the claim when less than half of it is left, whether the master can be reached or not.
    pub(super) async fn renew_claim(&mut self) -> Result<(), ReconcileError> {
        let claimed = matches!(self.row.state, BridgeState::Running | BridgeState::Finished);
        let now = self.master.now();
        if !claimed || self.row.reclaim_at.is_none_or(|at| at > now) {
            return Ok(());
        }
        if self.row.taken_until.is_some_and(|until| until - now < TimeDelta::minutes(1)) {
            self.master.metrics.count_claim_late(self.master.name());
        }
        let taken_until = match self.master.queue.reclaim(self.row.task_id(), self.row.run_id).await {
            Ok(taken_until) => taken_until,
            Err(QueueClientError::Refused(_)) => match self.ownership().await? {
                RunOwnership::Claimed(taken_until) => taken_until,
                RunOwnership::Superseded(run_id) => return self.switch_run(run_id).await,
                RunOwnership::Pending | RunOwnership::Ended => {
                    self.row.reclaim_at = None;
                    return self.mark_cancelled().await;
                }
            },
            Err(error) => return Err(error.into()),
        };
        self.set_claim(taken_until);
        self.save().await
    }

    pub(super) async fn ownership(&self) -> Result<RunOwnership, ReconcileError> {
        Ok(self.master.queue.ownership(self.row.task_id(), self.row.run_id).await?)
    }

    fn set_claim(&mut self, taken_until: Timestamp) {
        let now = self.master.now();
        let half = (taken_until - now).to_std().unwrap_or_default() / 2;
        self.row.taken_until = Some(taken_until);
        self.row.reclaim_at = Some(now + half.mul_f64(1.0 - self.master.rng.fraction() / 10.0));
    }

    /// The master has been down for longer than `master_down_grace`. Its request is cancelled when it is back.
    pub(super) async fn report_master_down(&mut self) -> Result<(), ReconcileError> {
        let message = format!("Master {} has not answered for longer than Drover waits for it.\n", self.master.name());
        if let Err(error) = self.store_message(message).await {
            tracing::warn!(task.id = %self.row.task_id(), %error, "cannot store why the task ends without a build");
        }
        let report = Report::Exception(ReasonResolved::ResourceUnavailable);
        match self.master.queue.report(self.row.task_id(), self.row.run_id, report).await {
            Ok(_) | Err(QueueClientError::Refused(_)) => self.mark_cancelled().await,
            Err(error) => Err(error.into()),
        }
    }
}
