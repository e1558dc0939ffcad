//! The queue: the one place where a task changes state.
//!
//! Owns: tasks and runs, in the database; in memory only who waits (`claim_work/desk.rs`).
//! Woken by: requests of the API and the bridge, of this process or another (`remote/`); its own ticks.
//! Tells: `task-*` and `task-group-*` events, through the outbox.

mod batching;
mod cancel_task;
mod cancel_task_group;
mod change_priority;
mod claim_task;
mod claim_work;
mod create_graph;
mod create_task;
mod door;
mod error;
mod explain;

mod list;
mod near;
mod parts;
mod read_task;
mod reclaim_task;
mod remote;
mod report_run;
mod rerun_task;
mod schedule_task;
mod settings;
#[cfg(test)]
pub(crate) mod tests;
pub mod types;
mod worker_notes;
mod workers;

pub use door::Queue;
pub use error::QueueError;
pub use parts::start;
use protocol::{
    id::{RunId, TaskGroupId, TaskId, TaskQueueId, WorkerName},
    state::{Priority, ReasonResolved},
    status::TaskStatus,
};
pub use settings::{QueueSettings, TaskLimits};
use types::{CanceledGroup, Claim, NewGraph, TaskGroup, Worker};
pub use workers::Quarantine;

use parts::Environment;

use crate::kit::{Reply, Work};

/// What a worker reports of its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    Completed,
    Failed,
    /// One of the five reasons a worker may give.
    Exception(ReasonResolved),
}

type Answer<T> = Reply<Result<T, QueueError>>;

/// Commands besides the hot steps, which have lanes. Each is safe to repeat. Reads are no messages (`near.rs`).
pub(crate) enum QueueMsg {
    CreateGraph(NewGraph, Answer<Vec<TaskStatus>>),
    ScheduleTask(TaskId, Answer<TaskStatus>),
    RerunTask(TaskId, Answer<TaskStatus>),
    CancelTask(TaskId, Answer<TaskStatus>),
    ChangeTaskPriority(TaskId, Priority, Answer<TaskStatus>),
    ClaimTask(TaskId, RunId, WorkerName, Answer<Claim>),
    SealTaskGroup(TaskGroupId, Answer<TaskGroup>),
    CancelTaskGroup(TaskGroupId, Answer<CanceledGroup>),
    ChangeTaskGroupPriority(TaskGroupId, Priority, Answer<(TaskGroup, Vec<TaskId>)>),
    QuarantineWorker(Quarantine, Answer<Worker>),
    DeclareWorker(TaskQueueId, WorkerName, protocol::time::Timestamp, Answer<Worker>),
}

impl Work for Environment {
    type Job = QueueMsg;

    async fn run(&self, job: QueueMsg) {
        use QueueMsg as Q;
        match job {
            Q::CreateGraph(graph, reply) => answer(reply, create_graph::run(self, graph).await),
            Q::ScheduleTask(id, reply) => answer(reply, schedule_task::run(self, id).await),
            Q::RerunTask(id, reply) => answer(reply, rerun_task::run(self, id).await),
            Q::CancelTask(id, reply) => answer(reply, cancel_task::run(self, id).await),
            Q::ChangeTaskPriority(id, to, reply) => answer(reply, change_priority::of_task(self, id, to).await),
            Q::ClaimTask(id, run, worker, reply) => answer(reply, self.claim_task(id, run, worker).await),
            Q::SealTaskGroup(id, reply) => answer(reply, cancel_task_group::seal(self, id).await),
            Q::CancelTaskGroup(id, reply) => answer(reply, cancel_task_group::run(self, id).await),
            Q::ChangeTaskGroupPriority(id, to, reply) => answer(reply, change_priority::of_group(self, id, to).await),
            Q::QuarantineWorker(order, reply) => answer(reply, workers::quarantine(self, order).await),
            Q::DeclareWorker(queue, worker, expires, reply) => {
                answer(reply, workers::declare(self, &queue, &worker, expires).await);
            }
        }
    }
}

/// Nobody waiting any more is not an error: the command is done either way.
fn answer<T>(reply: Answer<T>, result: Result<T, QueueError>) {
    let _ = reply.send(result);
}
