//! Reconciles one request as far as possible now. After every call to the queue or the master, the row is written
//! before the next call; each call is safe to repeat, so after a crash anywhere the same steps lead to the same result.

mod artifacts;
mod cancel;
mod claim;
mod create;
mod error;
mod note;
mod report;

use chrono::TimeDelta;
use db::bridge::{BridgeRequest, BridgeState, Intent};
use protocol::{id::RunId, time::Timestamp};

pub(crate) use self::error::ReconcileError;
use crate::{
    builders::WaitReason,
    decide::{AFTER_DEADLINE, Action, Observation, decide, is_starting},
    driver::{Build, BuildId, MasterDriver, Request, RequestId},
    master::Master,
    queue_client::{QueueClientError, RunOwnership},
};

/// More actions than any request needs before it has to wait for something.
const MAX_ACTIONS: usize = 64;
const RETRY_AFTER: TimeDelta = TimeDelta::seconds(5);
/// Where an administrator has to act first.
const RETRY_LATER: TimeDelta = TimeDelta::seconds(30);

/// What a group read of a request.
#[derive(Debug, Clone)]
pub(crate) enum KnownRequest {
    Unknown,
    Missing,
    Request(Request),
}

pub(crate) struct RequestReconciler<'m> {
    master: &'m Master,
    row: BridgeRequest,
    known: KnownRequest,
    ownership: Option<RunOwnership>,
    observation: Observation,
}

impl<'m> RequestReconciler<'m> {
    /// `ownership`: the state of the run at the queue, where that was read.
    pub(crate) const fn new(
        master: &'m Master,
        row: BridgeRequest,
        known: KnownRequest,
        ownership: Option<RunOwnership>,
    ) -> Self {
        Self { master, row, known, ownership, observation: Observation::NotCreated }
    }

    pub(crate) const fn id(&self) -> i64 {
        self.row.id
    }

    pub(crate) async fn run(mut self) {
        let result = match self.reconcile().await {
            Ok(next_check) => {
                self.store_obstacle();
                self.row.next_check = self.master.earliest_check(&self.row, next_check);
                self.write().await
            }
            Err(error) => self.postpone(error).await,
        };
        self.write_note().await;
        if let Err(error) = result {
            let (task, error) = (self.row.task_id(), &error as &dyn std::error::Error);
            tracing::debug!(task.id = %task, error, "request not reconciled; retrying");
        }
    }

    /// Logs that the builder was removed: otherwise the request would wait at the master until the deadline, unnoticed.
    fn store_obstacle(&mut self) {
        let obstacle = self.obstacle();
        if obstacle.is_some() && self.row.error != obstacle {
            let (task, master) = (self.row.task_id(), self.master.name());
            tracing::warn!(task.id = %task, master, error = obstacle, "request cannot be built now");
        }
        self.row.error = obstacle;
    }

    fn obstacle(&self) -> Option<String> {
        let waits = (self.row.state, self.row.intent) == (BridgeState::Created, Intent::Run);
        let builder = self.row.builder.as_ref().filter(|_| waits)?;
        let removed = self.master.builders.wait_reason(builder) == Some(WaitReason::Removed);
        removed.then(|| {
            format!(
                "the master does not use the builder `{builder}` any more; until its administrator puts it back, nothing \
                 is built"
            )
        })
    }

    /// When the next check is due.
    async fn reconcile(&mut self) -> Result<Timestamp, ReconcileError> {
        match self.ownership.take() {
            Some(RunOwnership::Ended) => self.mark_cancelled().await?,
            Some(RunOwnership::Superseded(run_id)) => self.switch_run(run_id).await?,
            Some(RunOwnership::Pending | RunOwnership::Claimed(_)) | None => {}
        }
        self.renew_claim().await?;
        if self.master.exceeds_down_grace() && self.row.state == BridgeState::Running {
            self.report_master_down().await?;
        }
        if !self.needs_no_observation() {
            self.observe().await?;
        }
        for _ in 0..MAX_ACTIONS {
            self.record_starting();
            let action = decide(&self.row, &self.observation, &self.master.rules.settings, self.master.now());
            match action {
                Action::Wait(until) => {
                    self.follow_logs().await;
                    return Ok(until.min(self.master.next_check()));
                }
                Action::Close => return self.close().await,
                Action::Create => self.create().await?,
                Action::Lookup => match self.lookup().await? {
                    Some(until) => return Ok(until),
                    None => self.observe().await?,
                },
                Action::Expire => self.mark_cancelled().await?,
                Action::SkipBuild(build) => self.skip_build(build).await?,
                Action::Claim(build) => self.claim(build).await?,
                Action::Finish(outcome) => self.finish(outcome).await?,
                Action::Report => self.report().await?,
                Action::CancelTask => self.cancel_task().await?,
                Action::CancelRequest => self.cancel().await?,
            }
        }
        tracing::error!(task.id = %self.row.task_id(), "request needs too many actions in one check");
        Ok(self.master.now() + RETRY_LATER)
    }

    /// The next action does not depend on the master.
    fn needs_no_observation(&self) -> bool {
        let wanted = self.row.intent == Intent::Run;
        let over = self.row.deadline + AFTER_DEADLINE <= self.master.now();
        match self.row.state {
            BridgeState::PendingCreate => true,
            BridgeState::Finished | BridgeState::Resolved => wanted,
            BridgeState::Created | BridgeState::Running => wanted && over && self.master.driver.is_open(),
        }
    }

    /// Reads the builds of the request, and the request itself where the group did not.
    async fn observe(&mut self) -> Result<(), ReconcileError> {
        let Some(id) = self.row.request_id.map(RequestId) else {
            self.observation = Observation::NotCreated;
            return Ok(());
        };
        if self.row.lost {
            self.known = KnownRequest::Missing;
        }
        let request = match std::mem::replace(&mut self.known, KnownRequest::Unknown) {
            KnownRequest::Request(request) => Some(request),
            KnownRequest::Missing => None,
            KnownRequest::Unknown => self.master.driver.requests(&[id]).await?.pop(),
        };
        self.observation = match request {
            None => Observation::Missing,
            Some(request) => {
                self.row.submitted.get_or_insert(request.submitted);
                let builds = self.master.driver.builds(id).await?;
                Observation::Found { request, builds }
            }
        };
        Ok(())
    }

    /// Stores since when a builder has claimed the request without a build that began: a cancel has to wait for that.
    fn record_starting(&mut self) {
        if self.row.intent != Intent::Cancel {
            return;
        }
        if let Observation::Found { request, builds } = &self.observation {
            let now = self.master.now();
            self.row.claimed_since =
                if is_starting(request, builds) { self.row.claimed_since.or(Some(now)) } else { None };
        }
    }

    fn build(&self) -> Option<&Build> {
        let Observation::Found { builds, .. } = &self.observation else { return None };
        builds.iter().find(|build| Some(build.id.0) == self.row.build_id)
    }

    /// The build of the present run ended with RETRY, and the run ended in another way meanwhile.
    async fn skip_build(&mut self, build: BuildId) -> Result<(), ReconcileError> {
        (self.row.last_build, self.row.build_id, self.row.build_number) = (build.0, None, None);
        self.save().await
    }

    /// The same request now belongs to another run of the task.
    async fn switch_run(&mut self, run_id: RunId) -> Result<(), ReconcileError> {
        self.row.run_id = run_id;
        if self.row.request_id.is_some() {
            self.row.state = BridgeState::Created;
        }
        (self.row.taken_until, self.row.reclaim_at) = (None, None);
        (self.row.result, self.row.ended) = (None, None);
        self.save().await
    }

    /// No run waits for the request any more.
    async fn mark_cancelled(&mut self) -> Result<(), ReconcileError> {
        self.row.intent = Intent::Cancel;
        self.save().await
    }

    async fn close(&mut self) -> Result<Timestamp, ReconcileError> {
        if self.row.state != BridgeState::Resolved {
            self.store_partial_artifacts().await;
            self.stop_following();
            self.row.state = BridgeState::Resolved;
            self.master.metrics.count_state(self.master.name(), "resolved");
        }
        Ok(self.master.now())
    }

    fn stop_following(&self) {
        if let Some(build) = self.row.build_id {
            self.master.followed().remove(&build);
            self.master.logs.forget(BuildId(build));
        }
    }

    /// Writes the row and keeps it due, so that after a crash the next action follows at once.
    async fn save(&mut self) -> Result<(), ReconcileError> {
        self.row.next_check = self.master.now();
        self.write().await
    }

    /// Fails where another process wrote the row since it was read: optimistic locking by its version.
    async fn write(&mut self) -> Result<(), ReconcileError> {
        let version = self.master.db.bridge_save(&self.row, self.master.now()).await?;
        self.row.version = version.ok_or(ReconcileError::Changed)?;
        Ok(())
    }

    /// Logs the error once, and stores it with the time of the next attempt.
    async fn postpone(&mut self, error: ReconcileError) -> Result<(), ReconcileError> {
        if matches!(error, ReconcileError::Changed | ReconcileError::Db(_)) {
            return Err(error);
        }
        let message = error.to_string();
        if self.row.error.as_ref() != Some(&message) {
            let (task, master) = (self.row.task_id(), self.master.name());
            tracing::warn!(task.id = %task, master, error = message, "request not reconciled; retrying");
        }
        let retry_after = match error {
            ReconcileError::Queue(QueueClientError::Forbidden { .. }) => RETRY_LATER,
            ReconcileError::Master(_) if self.master.driver.is_open() => RETRY_LATER,
            _ => RETRY_AFTER,
        };
        self.row.error = Some(message);
        self.row.next_check = self.master.earliest_check(&self.row, self.master.now() + retry_after);
        self.write().await
    }
}
