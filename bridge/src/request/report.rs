//! Reports the end of a build as the end of its run.

use actors::queue::Report;
use db::bridge::BridgeState;
use protocol::{
    state::{ReasonResolved, TaskState},
    status::TaskStatus,
    task::TaskDefinition,
};

use super::{ReconcileError, RequestReconciler};
use crate::{
    WarningsEnd,
    decide::Outcome,
    driver::{BuildResult, RequestId},
    payload::Payload,
    queue_client::{QueueClientError, RunOwnership},
};

/// What the queue is called with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resolution {
    Report(Report),
    CancelTask,
}

impl Resolution {
    /// The mapping of `bridge/README.md`. `built`: there was a build. `warnings` and `exception`: what the payload and the
    /// master's settings say.
    fn of(outcome: Outcome, built: bool, warnings: WarningsEnd, exception: ReasonResolved) -> Self {
        use BuildResult as R;
        let Outcome::Result(result) = outcome else {
            return Self::Report(Report::Exception(ReasonResolved::InternalError));
        };
        Self::Report(match result {
            R::Success => Report::Completed,
            R::Warnings if warnings == WarningsEnd::Completed => Report::Completed,
            R::Warnings | R::Failure => Report::Failed,
            R::Skipped if built => Report::Completed,
            R::Skipped => Report::Exception(ReasonResolved::ResourceUnavailable),
            R::Exception => Report::Exception(exception),
            R::Retry => Report::Exception(ReasonResolved::WorkerShutdown),
            R::Cancelled => return Self::CancelTask,
        })
    }
}

impl RequestReconciler<'_> {
    pub(super) async fn finish(&mut self, outcome: Outcome) -> Result<(), ReconcileError> {
        match outcome {
            Outcome::Result(result) => self.row.result = Some(result.number()),
            Outcome::Lost => self.row.lost = true,
        }
        self.row.state = BridgeState::Finished;
        self.row.ended = Some(self.master.now());
        self.save().await?;
        self.master.metrics.count_state(self.master.name(), "finished");
        Ok(())
    }

    fn outcome(&self) -> Outcome {
        let result = self.row.result.and_then(|number| BuildResult::from_number(number.into()));
        result.map_or(Outcome::Lost, Outcome::Result)
    }

    /// Artifacts first: whoever receives the event of the end may read them at once.
    pub(super) async fn report(&mut self) -> Result<(), ReconcileError> {
        let task = match self.master.queue.definition(self.row.task_id()).await {
            Ok(task) => task,
            Err(QueueClientError::Refused(_)) => return self.mark_cancelled().await,
            Err(error) => return Err(error.into()),
        };
        let (outcome, payload) = (self.outcome(), self.payload(&task));
        self.store_artifacts(outcome, payload.as_ref()).await?;
        let settings = &self.master.rules.settings;
        let warnings = payload.and_then(|payload| payload.warnings).unwrap_or(settings.warnings);
        let exception = settings.exception_reason.into();
        match Resolution::of(outcome, self.row.build_id.is_some(), warnings, exception) {
            Resolution::CancelTask => self.cancel_task().await,
            Resolution::Report(report) => self.report_run(outcome, report).await,
        }
    }

    fn payload(&self, task: &TaskDefinition) -> Option<Payload> {
        Payload::read(&task.payload, &self.master.rules.settings.required_properties).ok()
    }

    async fn report_run(&mut self, outcome: Outcome, report: Report) -> Result<(), ReconcileError> {
        let retried = outcome == Outcome::Result(BuildResult::Retry);
        match self.master.queue.report(self.row.task_id(), self.row.run_id, report).await {
            Ok(status) => {
                self.log_resolved(report);
                if retried { self.retry(&status).await } else { self.resolve().await }
            }
            Err(QueueClientError::Refused(_)) => match self.ownership().await? {
                RunOwnership::Superseded(run_id) => self.switch_run(run_id).await,
                RunOwnership::Ended if retried => self.mark_cancelled().await,
                RunOwnership::Ended => self.resolve().await,
                RunOwnership::Pending | RunOwnership::Claimed(_) => {
                    Err(QueueClientError::Unavailable("the queue refused the report of the run".to_owned()).into())
                }
            },
            Err(error) => Err(error.into()),
        }
    }

    /// The master builds the same request again. It becomes that of the next run, if the queue created one.
    async fn retry(&mut self, status: &TaskStatus) -> Result<(), ReconcileError> {
        let next = status.runs.last().filter(|run| run.state == TaskState::Pending && run.run_id > self.row.run_id);
        let next = next.map(|run| run.run_id);
        self.stop_following();
        self.row.last_build = self.row.build_id.unwrap_or(self.row.last_build);
        (self.row.build_id, self.row.build_number) = (None, None);
        if let Some(run_id) = next {
            self.switch_run(run_id).await?;
        } else {
            self.row.state = BridgeState::Created;
            self.mark_cancelled().await?;
        }
        self.observe().await
    }

    async fn resolve(&mut self) -> Result<(), ReconcileError> {
        self.stop_following();
        self.row.state = BridgeState::Resolved;
        self.save().await
    }

    /// The request was cancelled at the master.
    pub(super) async fn cancel_task(&mut self) -> Result<(), ReconcileError> {
        match self.master.queue.cancel_task(self.row.task_id()).await {
            Ok(_) | Err(QueueClientError::Refused(_)) => self.resolve().await,
            Err(error) => Err(error.into()),
        }
    }

    fn log_resolved(&self, report: Report) {
        let (task, run, master) = (self.row.task_id(), self.row.run_id, self.master.name());
        let (build, request) = (self.row.build_id, self.row.request_id);
        if let (Some(request), Some(ended)) = (request, self.build().and_then(|build| build.ended)) {
            let ended = self.master.finish_times.take(RequestId(request), ended);
            self.master.metrics.record_resolve(master, self.master.now() - ended);
        }
        tracing::info!(task.id = %task, run, master, request, build, ?report, "run resolved");
    }
}
