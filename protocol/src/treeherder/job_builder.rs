//! From an event of a task to its jobs.

use super::{
    Destination, Dialect, Job, JobConfig, JobResult, JobState, Outcome, Problem, ReportedTask, links::RunArtifacts,
};
use crate::{
    event::EventKind,
    id::RunId,
    state::{ReasonCreated, TaskState},
    status::{RunStatus, TaskStatus},
};

/// What jobs of a task are reported for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobTrigger {
    /// It was created. It may still wait for its dependencies.
    Defined,
    /// A run of it became pending.
    Pending(RunId),
    /// A run of it began or ended.
    Changed(RunId),
    /// A run is reported once more, from its current status.
    Replay(RunId),
}

/// How job messages are built in this deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobBuilder {
    /// The root of URLs of logs and artifacts, without a slash at the end.
    pub root_url: String,
    pub report_unscheduled: bool,
    /// Whether a task that was resolved before it was scheduled is reported as completed. Otherwise its job stays unscheduled
    /// for ever.
    pub close_unscheduled: bool,
    /// Most artifacts linked in one message.
    pub link_limit: usize,
}

impl JobTrigger {
    /// `None`: events of this kind are not reported to Treeherder, or this one lacks its run.
    pub fn of(kind: EventKind, run_id: Option<RunId>) -> Option<Self> {
        match kind {
            EventKind::TaskDefined => Some(Self::Defined),
            EventKind::TaskPending => run_id.map(Self::Pending),
            EventKind::TaskRunning | EventKind::TaskCompleted | EventKind::TaskFailed | EventKind::TaskException => {
                run_id.map(Self::Changed)
            }
            _ => None,
        }
    }

    /// Reports everything about a task once more.
    pub fn all_of(status: &TaskStatus) -> Vec<Self> {
        if status.runs.is_empty() {
            return vec![Self::Defined];
        }
        status.runs.iter().map(|run| Self::Replay(run.run_id)).collect()
    }

    /// The run whose artifacts belong in the message.
    pub fn ended_run(self, status: &TaskStatus) -> Option<RunId> {
        let (Self::Changed(run_id) | Self::Replay(run_id)) = self else { return None };
        status.run(run_id).filter(|run| run.state.is_resolved()).map(|run| run.run_id)
    }
}

impl JobBuilder {
    /// The jobs to report, in order, and what had to be left out of them. `artifacts`: those of the resolved run.
    pub fn jobs(
        &self,
        task: (&ReportedTask, &JobConfig),
        destination: &Destination,
        (status, trigger): (&TaskStatus, JobTrigger),
        artifacts: &[String],
        dialect: Dialect,
    ) -> (Vec<Job>, Vec<Problem>) {
        let job = |run_id, outcome| Job::new(task, destination, (run_id, outcome), dialect);
        let run_id = match trigger {
            JobTrigger::Defined if self.report_unscheduled && dialect == Dialect::Present => {
                return (vec![job(0, Outcome::UNSCHEDULED)], Vec::new());
            }
            JobTrigger::Defined => return (Vec::new(), Vec::new()),
            JobTrigger::Pending(run_id) | JobTrigger::Changed(run_id) | JobTrigger::Replay(run_id) => run_id,
        };
        let (Some(run), Some(outcome)) = (status.run(run_id), self.outcome(status, run_id, dialect)) else {
            return (Vec::new(), Vec::new());
        };
        let mut reported = job(run_id, outcome);
        let mut problems: Vec<Problem> = reported.on_machine_of(run).into_iter().collect();
        self.fill(&mut reported, (task.0, run), artifacts, dialect, &mut problems);
        let mut jobs = Vec::with_capacity(2);
        if dialect == Dialect::Of2019 && !matches!(trigger, JobTrigger::Changed(_)) && run_id > 0 {
            jobs.push(job(run_id - 1, RETRIED_IN_2019));
        }
        jobs.push(reported);
        (jobs, problems)
    }

    fn outcome(&self, status: &TaskStatus, run_id: RunId, dialect: Dialect) -> Option<Outcome> {
        let run = status.run(run_id)?;
        if run.reason_created == ReasonCreated::Exception && !self.close_unscheduled {
            return None;
        }
        let outcome = Outcome::of(status, run_id)?;
        match dialect {
            Dialect::Present => Some(outcome),
            // There the next run reports it.
            Dialect::Of2019 => Some(Outcome { is_retried: false, ..outcome }),
        }
    }

    fn fill(
        &self,
        job: &mut Job,
        (task, run): (&ReportedTask, &RunStatus),
        artifacts: &[String],
        dialect: Dialect,
        problems: &mut Vec<Problem>,
    ) {
        if job.state != JobState::Unscheduled && job.state != JobState::Pending {
            job.time_started = run.started;
        }
        if job.state != JobState::Completed {
            return;
        }
        job.time_completed = run.resolved;
        let left = RunArtifacts { root_url: &self.root_url, task_id: task.task_id, run_id: run.run_id };
        let logs = if run.state == TaskState::Exception { Ok(Vec::new()) } else { left.logs(dialect) };
        job.logs = Some(logs.unwrap_or_else(|problem| {
            problems.push(problem);
            Vec::new()
        }));
        if artifacts.len() > self.link_limit {
            problems.push(Problem::LinkLimit(self.link_limit));
        }
        let links = left.links(&artifacts[..artifacts.len().min(self.link_limit)]);
        job.job_info.links = links.links;
        problems.extend(links.problems);
    }
}

/// How the run before the one that is now pending is reported once more.
const RETRIED_IN_2019: Outcome = Outcome { state: JobState::Completed, result: JobResult::Fail, is_retried: true };
