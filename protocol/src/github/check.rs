//! States of tasks and groups as check runs and commit statuses.

use crate::{
    state::{ReasonResolved, TaskState},
    status::TaskStatus,
};

/// Where a check run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckStatus {
    Queued,
    InProgress,
    Completed(CheckConclusion),
}

/// How a check run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckConclusion {
    Success,
    Failed,
    Cancelled,
    TimedOut,
    ActionRequired,
    Neutral,
}

/// State of the commit status of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupStatus {
    Pending,
    Success,
    Failed,
}

impl CheckStatus {
    pub fn of(task: &TaskStatus) -> Self {
        let last = task.runs.last();
        match task.state {
            TaskState::Unscheduled | TaskState::Pending => Self::Queued,
            TaskState::Running => Self::InProgress,
            TaskState::Completed | TaskState::Failed | TaskState::Exception => {
                let reason = last.and_then(|run| run.reason_resolved);
                Self::Completed(CheckConclusion::of(task.state, reason, task.retries_left))
            }
        }
    }

    /// The word of GitHub.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Completed(_) => "completed",
        }
    }
}

impl CheckConclusion {
    fn of(state: TaskState, reason: Option<ReasonResolved>, retries_left: i16) -> Self {
        match (state, reason) {
            (TaskState::Completed, _) => Self::Success,
            (_, Some(ReasonResolved::Canceled)) => Self::Cancelled,
            (_, Some(ReasonResolved::DeadlineExceeded)) => Self::TimedOut,
            (_, Some(ReasonResolved::MalformedPayload)) => Self::ActionRequired,
            (_, Some(ReasonResolved::WorkerShutdown | ReasonResolved::Superseded)) => Self::Neutral,
            (_, Some(ReasonResolved::IntermittentTask)) if retries_left > 0 => Self::Neutral,
            _ => Self::Failed,
        }
    }

    /// The word of GitHub.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failure",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
            Self::ActionRequired => "action_required",
            Self::Neutral => "neutral",
        }
    }
}

impl GroupStatus {
    /// Of all tasks of a group: a retried task that still runs keeps it pending.
    pub fn of(states: impl IntoIterator<Item = TaskState>) -> Self {
        let mut found = Self::Success;
        for state in states {
            match state {
                TaskState::Failed | TaskState::Exception => return Self::Failed,
                TaskState::Completed => {}
                TaskState::Unscheduled | TaskState::Pending | TaskState::Running => found = Self::Pending,
            }
        }
        found
    }

    /// The word of GitHub.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Success => "success",
            Self::Failed => "failure",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conclusions_are_those_of_the_reference() {
        use ReasonResolved::*;
        for (state, reason, expected) in [
            (TaskState::Completed, Completed, "success"),
            (TaskState::Failed, Failed, "failure"),
            (TaskState::Exception, ClaimExpired, "failure"),
            (TaskState::Exception, ResourceUnavailable, "failure"),
            (TaskState::Exception, InternalError, "failure"),
            (TaskState::Exception, Canceled, "cancelled"),
            (TaskState::Exception, DeadlineExceeded, "timed_out"),
            (TaskState::Exception, MalformedPayload, "action_required"),
            (TaskState::Exception, WorkerShutdown, "neutral"),
        ] {
            assert_eq!(CheckConclusion::of(state, Some(reason), 0).as_str(), expected, "{reason}");
        }
        let intermittent = |left| CheckConclusion::of(TaskState::Exception, Some(IntermittentTask), left).as_str();
        assert_eq!((intermittent(1), intermittent(0)), ("neutral", "failure"));
    }

    #[test]
    fn a_group_is_green_only_when_all_its_tasks_are() {
        use TaskState::*;
        for (states, expected) in [
            (vec![], GroupStatus::Success),
            (vec![Completed, Completed], GroupStatus::Success),
            (vec![Completed, Running], GroupStatus::Pending),
            (vec![Unscheduled], GroupStatus::Pending),
            (vec![Pending, Failed], GroupStatus::Failed),
            (vec![Exception], GroupStatus::Failed),
        ] {
            assert_eq!(GroupStatus::of(states.clone()), expected, "{states:?}");
        }
    }
}
