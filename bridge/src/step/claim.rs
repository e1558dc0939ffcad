//! The claim: taken when a build starts, kept while it runs.

use chrono::TimeDelta;
use db::bridge::BridgeState;
use protocol::{state::ReasonResolved, time::Timestamp};

use super::{Hitch, Step};
use crate::{
    driver::BuildId,
    queue::{QueueFault, Standing},
};
use actors::queue::Report;

impl Step<'_> {
    /// The run is ours from here on; whoever claims again in the same name is answered the same.
    pub(super) async fn claim(&mut self, build: Option<BuildId>) -> Result<(), Hitch> {
        self.row.build_id = build.map(|build| build.0);
        let found = self.build().cloned();
        let worker = self.master.rules.worker_name(found.as_ref().and_then(|build| build.worker.as_ref()));
        let claimed = self.master.queue.claim(self.row.task_id(), self.row.run_id, worker).await;
        let taken_until = match claimed {
            Ok(taken_until) => taken_until,
            Err(QueueFault::Refused(words)) => {
                match self.master.queue.standing(self.row.task_id(), self.row.run_id).await? {
                    Standing::Ours(taken_until) => taken_until,
                    Standing::Followed(run_id) => return self.follow(run_id).await,
                    Standing::Pending => return Err(QueueFault::Away(words).into()),
                    Standing::Over => return self.unwant().await,
                }
            }
            Err(error) => return Err(error.into()),
        };
        self.row.state = BridgeState::Running;
        self.row.build_number = found.as_ref().map(|build| build.number);
        self.take(taken_until);
        self.save().await?;
        self.master.meters.came_into(self.master.name(), "running");
        Ok(())
    }

    /// Renews the claim when less than half of it is left, whether the master can be reached or not.
    pub(super) async fn keep_claim(&mut self) -> Result<(), Hitch> {
        let held = matches!(self.row.state, BridgeState::Running | BridgeState::Finished);
        let now = self.master.now();
        if !held || self.row.reclaim_at.is_none_or(|at| at > now) {
            return Ok(());
        }
        if self.row.taken_until.is_some_and(|until| until - now < TimeDelta::minutes(1)) {
            self.master.meters.claim_late(self.master.name());
        }
        let taken_until = match self.master.queue.reclaim(self.row.task_id(), self.row.run_id).await {
            Ok(taken_until) => taken_until,
            Err(QueueFault::Refused(_)) => {
                match self.master.queue.standing(self.row.task_id(), self.row.run_id).await? {
                    Standing::Ours(taken_until) => taken_until,
                    Standing::Followed(run_id) => return self.follow(run_id).await,
                    Standing::Pending | Standing::Over => {
                        self.row.reclaim_at = None;
                        return self.unwant().await;
                    }
                }
            }
            Err(error) => return Err(error.into()),
        };
        self.take(taken_until);
        self.save().await
    }

    fn take(&mut self, taken_until: Timestamp) {
        let now = self.master.now();
        let half = (taken_until - now).to_std().unwrap_or_default() / 2;
        self.row.taken_until = Some(taken_until);
        self.row.reclaim_at = Some(now + half.mul_f64(1.0 - self.master.rng.fraction() / 10.0));
    }

    /// The master was away for too long. When it comes back the request is cancelled there.
    pub(super) async fn give_up_master(&mut self) -> Result<(), Hitch> {
        let words = format!("Master {} has not answered for longer than Drover waits for it.\n", self.master.name());
        if let Err(error) = self.put_words(words).await {
            tracing::warn!(task.id = %self.row.task_id(), %error, "the task cannot tell why it ends without a build");
        }
        let report = Report::Exception(ReasonResolved::ResourceUnavailable);
        match self.master.queue.report(self.row.task_id(), self.row.run_id, report).await {
            Ok(_) | Err(QueueFault::Refused(_)) => self.unwant().await,
            Err(error) => Err(error.into()),
        }
    }
}
