//! One task and its runs.

use std::collections::BTreeSet;

use protocol::state::{Priority, ReasonCreated, ReasonResolved, Requires, TaskState};

use super::Choice;

#[derive(Debug, Clone)]
pub struct Task {
    pub group: usize,
    pub priority: Priority,
    pub(super) first_priority: Priority,
    pub retries: i16,
    pub retries_left: i16,
    pub requires: Requires,
    pub dependencies: BTreeSet<usize>,
    /// Dependencies that still hold it back. What is satisfied once stays so.
    pub unsatisfied: BTreeSet<usize>,
    pub runs: Vec<Run>,
    pub ever_resolved: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub state: TaskState,
    pub reason_created: ReasonCreated,
    pub reason_resolved: Option<ReasonResolved>,
    pub worker: Option<String>,
    /// When it became pending, in steps.
    pub since: u64,
}

impl Task {
    pub(super) fn new(choice: Choice, unsatisfied: BTreeSet<usize>) -> Self {
        Self {
            group: choice.group,
            priority: choice.priority,
            first_priority: choice.priority,
            retries: choice.retries,
            retries_left: choice.retries,
            requires: choice.requires,
            dependencies: choice.dependencies,
            unsatisfied,
            runs: Vec::new(),
            ever_resolved: false,
        }
    }

    /// That of the last run.
    pub fn state(&self) -> TaskState {
        self.runs.last().map_or(TaskState::Unscheduled, |run| run.state)
    }
}

impl Run {
    pub(super) fn pending(reason_created: ReasonCreated, since: u64) -> Self {
        Self { state: TaskState::Pending, reason_created, reason_resolved: None, worker: None, since }
    }

    pub(super) fn end(&mut self, state: TaskState, reason: ReasonResolved) {
        self.state = state;
        self.reason_resolved = Some(reason);
    }
}
