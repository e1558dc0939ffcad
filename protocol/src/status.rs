//! The status object: where a task stands. Part of nearly every reply and message.

use serde::{Deserialize, Serialize};

use crate::{
    id::{RunId, TaskGroupId, TaskId, TaskQueueId},
    state::{Priority, ReasonCreated, ReasonResolved, TaskState},
    time::{Timestamp, wire, wire_option},
};

/// A task's status, as clients read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskStatus {
    pub task_id: TaskId,
    pub provisioner_id: String,
    pub worker_type: String,
    pub task_queue_id: TaskQueueId,
    pub scheduler_id: String,
    pub project_id: String,
    pub task_group_id: TaskGroupId,
    pub priority: Priority,
    #[serde(with = "wire")]
    pub deadline: Timestamp,
    #[serde(with = "wire")]
    pub expires: Timestamp,
    pub retries_left: i16,
    pub state: TaskState,
    pub runs: Vec<RunStatus>,
}

impl TaskStatus {
    /// The run with this number, if it exists.
    pub fn run(&self, run_id: RunId) -> Option<&RunStatus> {
        usize::try_from(run_id).ok().and_then(|index| self.runs.get(index))
    }
}

/// One run in a status. `takenUntil` and the worker stay after the run has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunStatus {
    pub run_id: RunId,
    pub state: TaskState,
    pub reason_created: ReasonCreated,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_resolved: Option<ReasonResolved>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker_group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker_id: Option<String>,
    #[serde(default, with = "wire_option", skip_serializing_if = "Option::is_none")]
    pub taken_until: Option<Timestamp>,
    #[serde(with = "wire")]
    pub scheduled: Timestamp,
    #[serde(default, with = "wire_option", skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    #[serde(default, with = "wire_option", skip_serializing_if = "Option::is_none")]
    pub resolved: Option<Timestamp>,
}
