//! What goes in and out of the queue's door.

use protocol::{
    id::{RunId, TaskGroupId, TaskId, TaskQueueId, WorkerName},
    status::TaskStatus,
    task::TaskDefinition,
    time::Timestamp,
};

/// A task to create: checked, with every default filled in.
#[derive(Debug, Clone)]
pub struct NewTask {
    pub task_id: TaskId,
    pub definition: TaskDefinition,
}

/// Several tasks to create as one.
#[derive(Debug, Clone)]
pub struct NewGraph {
    /// Chosen by the submitter; the same key with the same tasks is the same graph.
    pub submit_key: String,
    pub tasks: Vec<NewTask>,
}

/// A stored definition as JSON text, with the priority the task has now. Sent on as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition(pub String);

#[derive(Debug, Clone)]
pub struct TaskAndStatus {
    pub task: Definition,
    pub status: TaskStatus,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskGroup {
    pub task_group_id: TaskGroupId,
    pub scheduler_id: String,
    pub expires: Timestamp,
    pub sealed: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanceledGroup {
    pub size: i64,
    pub canceled: Vec<TaskId>,
}

/// `claimWork`: a worker asks for up to `count` tasks.
#[derive(Debug, Clone)]
pub struct ClaimWork {
    pub task_queue_id: TaskQueueId,
    pub worker: WorkerName,
    pub count: u16,
}

/// A run that now belongs to a worker.
#[derive(Debug, Clone)]
pub struct Claim {
    pub run_id: RunId,
    pub worker: WorkerName,
    pub taken_until: Timestamp,
    pub status: TaskStatus,
    pub task: Definition,
    /// `scopes` of the definition, which the run's credentials carry.
    pub scopes: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct Reclaim {
    pub run_id: RunId,
    pub worker: WorkerName,
    pub taken_until: Timestamp,
    pub status: TaskStatus,
    pub scopes: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueCounts {
    pub pending: i64,
    pub claimed: i64,
}

#[derive(Debug, Clone)]
pub struct PendingTask {
    pub task_id: TaskId,
    pub run_id: RunId,
    pub inserted: Timestamp,
    pub task: Definition,
}

#[derive(Debug, Clone)]
pub struct ClaimedTask {
    pub task_id: TaskId,
    pub run_id: RunId,
    pub worker: WorkerName,
    pub claimed: Timestamp,
    pub task: Definition,
}

/// `scopes` of a stored definition.
pub(super) fn scopes_of(definition: &str) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Scopes {
        scopes: Vec<String>,
    }
    serde_json::from_str::<Scopes>(definition).map_or_else(|_| vec![], |it| it.scopes)
}

/// A worker as the queue has seen it.
#[derive(Debug, Clone)]
pub struct Worker {
    pub task_queue_id: TaskQueueId,
    pub worker: WorkerName,
    pub first_claim: Timestamp,
    pub last_date_active: Timestamp,
    pub expires: Timestamp,
    pub quarantine_until: Option<Timestamp>,
    /// Oldest first, at most 20.
    pub recent_tasks: Vec<(TaskId, RunId)>,
}

/// A task queue as it was seen recently.
#[derive(Debug, Clone)]
pub struct TaskQueue {
    pub task_queue_id: TaskQueueId,
    pub last_date_active: Timestamp,
    pub expires: Timestamp,
}
