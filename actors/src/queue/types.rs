//! What goes in and out of the queue's door.

use db::Rows;
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

/// Which page of a listing: what follows `after`, at most `limit` rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageAfter<K> {
    pub after: Option<K>,
    pub limit: i64,
}

impl<K> PageAfter<K> {
    /// One row more than the page tells whether there is a next one.
    pub fn rows(&self) -> i32 {
        i32::try_from(self.limit.saturating_add(1)).unwrap_or(i32::MAX)
    }
}

/// One page; `next` is there when more rows follow.
#[derive(Debug, Clone)]
pub struct Page<T, K> {
    pub rows: Vec<T>,
    pub next: Option<K>,
}

impl<T, K> Page<T, K> {
    /// Of the rows that [`PageAfter::rows`] asks for: cuts the last one off again, and keeps the key of the one before.
    /// Rows that could not be read count, so that what comes after them is not lost with them.
    pub fn cut(rows: impl Into<Rows<T>>, limit: i64, key: impl Fn(&T) -> K) -> Self {
        let Rows { readable: mut rows, given } = rows.into();
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = given > limit;
        rows.truncate(limit);
        Self { next: rows.last().filter(|_| more).map(key), rows }
    }

    /// The same page with its rows in another form.
    pub fn map<U>(self, form: impl FnMut(T) -> U) -> Page<U, K> {
        Page { rows: self.rows.into_iter().map(form).collect(), next: self.next }
    }
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
