//! The end of a build becomes the end of a run.

use actors::queue::Report;
use db::bridge::BridgeState;
use protocol::{state::ReasonResolved, state::TaskState, status::TaskStatus, task::TaskDefinition};

use super::{Hitch, Step};
use crate::{
    WarningsEnd,
    decide::Ended,
    driver::{BuildResult, RequestId},
    payload::Payload,
    queue::{QueueFault, Standing},
};

/// What the queue is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Report(Report),
    CancelTask,
}

impl Verdict {
    /// The mapping of `bridge/README.md`. `built`: there was a build. `warnings` and `exception` are what the task and the
    /// master's settings say.
    pub(crate) fn of(ended: Ended, built: bool, warnings: WarningsEnd, exception: ReasonResolved) -> Self {
        use BuildResult as R;
        let Ended::With(result) = ended else { return Self::Report(Report::Exception(ReasonResolved::InternalError)) };
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

impl Step<'_> {
    pub(super) async fn end(&mut self, ended: Ended) -> Result<(), Hitch> {
        match ended {
            Ended::With(result) => self.row.result = Some(result.number()),
            Ended::Lost => self.row.lost = true,
        }
        self.row.state = BridgeState::Finished;
        self.row.ended = Some(self.master.now());
        self.save().await?;
        self.master.meters.came_into(self.master.name(), "finished");
        Ok(())
    }

    fn ended(&self) -> Ended {
        let result = self.row.result.and_then(|number| BuildResult::from_number(number.into()));
        result.map_or(Ended::Lost, Ended::With)
    }

    /// Files first: whoever hears of the end may look at them at once.
    pub(super) async fn tell(&mut self) -> Result<(), Hitch> {
        let task = match self.master.queue.definition(self.row.task_id()).await {
            Ok(task) => task,
            Err(QueueFault::Refused(_)) => return self.unwant().await,
            Err(error) => return Err(error.into()),
        };
        let (ended, payload) = (self.ended(), self.payload(&task));
        self.store_files(ended, payload.as_ref()).await?;
        let settings = &self.master.rules.settings;
        let warnings = payload.and_then(|payload| payload.warnings).unwrap_or(settings.warnings);
        let exception = settings.exception_reason.into();
        match Verdict::of(ended, self.row.build_id.is_some(), warnings, exception) {
            Verdict::CancelTask => self.cancel_task().await,
            Verdict::Report(report) => self.report(ended, report).await,
        }
    }

    fn payload(&self, task: &TaskDefinition) -> Option<Payload> {
        Payload::read(&task.payload, &self.master.rules.settings.required_properties).ok()
    }

    async fn report(&mut self, ended: Ended, report: Report) -> Result<(), Hitch> {
        let (task_id, run_id) = (self.row.task_id(), self.row.run_id);
        let retried = ended == Ended::With(BuildResult::Retry);
        match self.master.queue.report(task_id, run_id, report).await {
            Ok(status) => {
                self.told(report);
                if retried { self.retry(&status).await } else { self.over().await }
            }
            Err(QueueFault::Refused(_)) => match self.master.queue.standing(task_id, run_id).await? {
                Standing::Followed(run_id) => self.follow(run_id).await,
                Standing::Over if retried => self.unwant().await,
                Standing::Over => self.over().await,
                Standing::Pending | Standing::Ours(_) => {
                    Err(QueueFault::Away("the queue does not take the end of the run".to_owned()).into())
                }
            },
            Err(error) => Err(error.into()),
        }
    }

    /// The same request is built again, as the next run if the queue made one; otherwise nobody waits for it.
    async fn retry(&mut self, status: &TaskStatus) -> Result<(), Hitch> {
        let next = status.runs.last().filter(|run| run.state == TaskState::Pending && run.run_id > self.row.run_id);
        let next = next.map(|run| run.run_id);
        self.forget_build();
        self.row.last_build = self.row.build_id.unwrap_or(self.row.last_build);
        (self.row.build_id, self.row.build_number) = (None, None);
        if let Some(run_id) = next {
            self.follow(run_id).await?;
        } else {
            self.row.state = BridgeState::Created;
            self.unwant().await?;
        }
        self.look().await
    }

    async fn over(&mut self) -> Result<(), Hitch> {
        self.forget_build();
        self.row.state = BridgeState::Resolved;
        self.save().await
    }

    /// Somebody at the master does not want the build, so nobody gets it.
    pub(super) async fn cancel_task(&mut self) -> Result<(), Hitch> {
        match self.master.queue.cancel_task(self.row.task_id()).await {
            Ok(_) | Err(QueueFault::Refused(_)) => self.over().await,
            Err(error) => Err(error.into()),
        }
    }

    fn told(&self, report: Report) {
        let (task, run, master) = (self.row.task_id(), self.row.run_id, self.master.name());
        let (build, request) = (self.row.build_id, self.row.request_id);
        if let (Some(request), Some(ended)) = (request, self.build().and_then(|build| build.ended)) {
            let since = self.master.endings.since(RequestId(request), ended);
            self.master.meters.resolved(master, self.master.now() - since);
        }
        tracing::info!(task.id = %task, run, master, request, build, ?report, "a build's task is told how it ended");
    }
}
