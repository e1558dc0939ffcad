//! State and result of a run, in Treeherder's terms.

use serde::{Deserialize, Serialize};

use super::JobKind;
use crate::{
    id::RunId,
    state::{ReasonCreated, ReasonResolved, TaskState},
    status::TaskStatus,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    Unscheduled,
    Pending,
    Running,
    Completed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobResult {
    Unknown,
    Success,
    Fail,
    Exception,
    Canceled,
    Superseded,
}

/// State and result of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    pub state: JobState,
    pub result: JobResult,
    /// Another run follows by itself.
    pub is_retried: bool,
}

impl Outcome {
    /// Of a task that has no run yet.
    pub const UNSCHEDULED: Self = Self::open(JobState::Unscheduled);

    /// `None`: there is no such run.
    pub fn of(status: &TaskStatus, run_id: RunId) -> Option<Self> {
        let run = status.run(run_id)?;
        Some(match run.state {
            TaskState::Unscheduled => Self::UNSCHEDULED,
            TaskState::Pending => Self::open(JobState::Pending),
            TaskState::Running => Self::open(JobState::Running),
            TaskState::Completed => Self::ended(JobResult::Success),
            TaskState::Failed => Self::ended(JobResult::Fail),
            TaskState::Exception => match run.reason_resolved {
                _ if is_retried(status, run_id) => Self { is_retried: true, ..Self::ended(JobResult::Exception) },
                Some(ReasonResolved::Canceled) => Self::ended(JobResult::Canceled),
                Some(ReasonResolved::Superseded) => Self::ended(JobResult::Superseded),
                _ => Self::ended(JobResult::Exception),
            },
        })
    }

    /// Treeherder's name for it, by which it colours the job.
    pub fn stored_as(self, kind: JobKind) -> &'static str {
        match (self.state, self.result) {
            (JobState::Unscheduled, _) => "unscheduled",
            (JobState::Pending, _) => "pending",
            (JobState::Running, _) => "running",
            (JobState::Completed, _) if self.is_retried => "retry",
            (_, JobResult::Success) => "success",
            (_, JobResult::Fail) if kind == JobKind::Test => "testfailed",
            (_, JobResult::Fail) => "busted",
            (_, JobResult::Exception) => "exception",
            (_, JobResult::Canceled) => "usercancel",
            (_, JobResult::Superseded) => "superseded",
            (_, JobResult::Unknown) => "unknown",
        }
    }

    const fn open(state: JobState) -> Self {
        Self { state, result: JobResult::Unknown, is_retried: false }
    }

    const fn ended(result: JobResult) -> Self {
        Self { state: JobState::Completed, result, is_retried: false }
    }
}

/// The following run is there by itself. One that a person asked for does not excuse this one.
fn is_retried(status: &TaskStatus, run_id: RunId) -> bool {
    let next = run_id.checked_add(1).and_then(|next| status.run(next));
    next.is_some_and(|run| matches!(run.reason_created, ReasonCreated::Retry | ReasonCreated::TaskRetry))
}
