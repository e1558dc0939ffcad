//! The queue: the one place where a task changes state.

mod error;
pub mod types;

pub use error::QueueError;
use protocol::{
    id::{RunId, TaskGroupId, TaskId, TaskQueueId, WorkerName},
    state::{Priority, ReasonResolved},
    status::TaskStatus,
};
use types::*;

/// The queue's door: every question and command, whoever asks.
#[derive(Clone)]
pub struct Queue {}

/// What a worker reports of its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    Completed,
    Failed,
    /// One of the five reasons a worker may give.
    Exception(ReasonResolved),
}

type Answer<T> = Result<T, QueueError>;

#[allow(clippy::unused_async)]
impl Queue {
    pub async fn create_task(&self, _task: NewTask) -> Answer<TaskStatus> { todo!() }
    /// All tasks or none; `submit_key` makes a repeat after a crash yield the same graph.
    pub async fn create_graph(&self, _graph: NewGraph) -> Answer<Vec<TaskStatus>> { todo!() }
    pub async fn task(&self, _id: TaskId) -> Answer<Definition> { todo!() }
    pub async fn tasks(&self, _ids: Vec<TaskId>) -> Answer<Vec<(TaskId, Definition)>> { todo!() }
    pub async fn status(&self, _id: TaskId) -> Answer<TaskStatus> { todo!() }
    pub async fn statuses(&self, _ids: Vec<TaskId>) -> Answer<Vec<TaskStatus>> { todo!() }
    pub async fn dependents(&self, _id: TaskId, _page: PageAfter<TaskId>) -> Answer<Page<TaskAndStatus, TaskId>> { todo!() }
    pub async fn schedule_task(&self, _id: TaskId) -> Answer<TaskStatus> { todo!() }
    pub async fn rerun_task(&self, _id: TaskId) -> Answer<TaskStatus> { todo!() }
    pub async fn cancel_task(&self, _id: TaskId) -> Answer<TaskStatus> { todo!() }
    pub async fn change_task_priority(&self, _id: TaskId, _to: Priority) -> Answer<TaskStatus> { todo!() }

    pub async fn task_group(&self, _id: TaskGroupId) -> Answer<TaskGroup> { todo!() }
    pub async fn list_task_group(&self, _id: TaskGroupId, _page: PageAfter<TaskId>) -> Answer<(TaskGroup, Page<TaskAndStatus, TaskId>)> { todo!() }
    pub async fn seal_task_group(&self, _id: TaskGroupId) -> Answer<TaskGroup> { todo!() }
    pub async fn cancel_task_group(&self, _id: TaskGroupId) -> Answer<CanceledGroup> { todo!() }
    pub async fn change_task_group_priority(&self, _id: TaskGroupId, _to: Priority) -> Answer<(TaskGroup, Vec<TaskId>)> { todo!() }

    /// Waits up to the long-poll time when there is nothing to claim; then the answer is empty.
    pub async fn claim_work(&self, _ask: ClaimWork) -> Answer<Vec<Claim>> { todo!() }
    pub async fn claim_task(&self, _id: TaskId, _run: RunId, _worker: WorkerName) -> Answer<Claim> { todo!() }
    pub async fn reclaim_task(&self, _id: TaskId, _run: RunId) -> Answer<Reclaim> { todo!() }
    pub async fn report(&self, _id: TaskId, _run: RunId, _report: Report) -> Answer<TaskStatus> { todo!() }

    pub async fn counts(&self, _queue: TaskQueueId) -> Answer<QueueCounts> { todo!() }
    pub async fn pending_tasks(&self, _queue: TaskQueueId, _page: PageAfter<i64>) -> Answer<Page<PendingTask, i64>> { todo!() }
    pub async fn claimed_tasks(&self, _queue: TaskQueueId, _page: PageAfter<TaskId>) -> Answer<Page<ClaimedTask, TaskId>> { todo!() }
}
