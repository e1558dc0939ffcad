//! Pages of tasks, task queues and workers.

use protocol::{
    id::{RunId, TaskGroupId, TaskId, TaskQueueId, WorkerName},
    time::Timestamp,
};

use super::{
    tasks::{Definition, TaskAndStatus},
    workers::{TaskQueue, Worker},
};
use crate::kit::{Page, PageAfter, rpc::proto_message};

proto_message!(PageAfter<TaskId> = Page { after, limit });
proto_message!(PageAfter<TaskQueueId> = Page { after, limit });
proto_message!(PageAfter<i64> = Page { after, limit });
proto_message!(PageAfter<WorkerName> = WorkerPage { after, limit });

#[derive(Debug, Clone)]
pub struct ListDependentsRequest {
    pub task_id: TaskId,
    pub page: PageAfter<TaskId>,
}
proto_message!(ListDependentsRequest = ListDependentsRequest { task_id, page });

#[derive(Debug, Clone)]
pub struct ListTaskGroupRequest {
    pub task_group_id: TaskGroupId,
    pub page: PageAfter<TaskId>,
}
proto_message!(ListTaskGroupRequest = ListTaskGroupRequest { task_group_id, page });

pub type TaskList = Page<TaskAndStatus, TaskId>;
proto_message!(Page<TaskAndStatus, TaskId> = TaskList { rows, next });

#[derive(Debug, Clone)]
pub struct ListPendingTasksRequest {
    pub task_queue_id: TaskQueueId,
    pub page: PageAfter<i64>,
}
proto_message!(ListPendingTasksRequest = ListPendingTasksRequest { task_queue_id, page });

#[derive(Debug, Clone)]
pub struct PendingTask {
    pub task_id: TaskId,
    pub run_id: RunId,
    pub inserted: Timestamp,
    pub task: Definition,
}
proto_message!(PendingTask = PendingTask { task_id, run_id, inserted, task });

pub type PendingTaskList = Page<PendingTask, i64>;
proto_message!(Page<PendingTask, i64> = PendingTaskList { rows, next });

#[derive(Debug, Clone)]
pub struct ListClaimedTasksRequest {
    pub task_queue_id: TaskQueueId,
    pub page: PageAfter<TaskId>,
}
proto_message!(ListClaimedTasksRequest = ListClaimedTasksRequest { task_queue_id, page });

#[derive(Debug, Clone)]
pub struct ClaimedTask {
    pub task_id: TaskId,
    pub run_id: RunId,
    pub worker: WorkerName,
    pub claimed: Timestamp,
    pub task: Definition,
}
proto_message!(ClaimedTask = ClaimedTask { task_id, run_id, worker, claimed, task });

pub type ClaimedTaskList = Page<ClaimedTask, TaskId>;
proto_message!(Page<ClaimedTask, TaskId> = ClaimedTaskList { rows, next });

/// Those of one provisioner, or all.
#[derive(Debug, Clone)]
pub struct ListTaskQueuesRequest {
    pub provisioner_id: Option<String>,
    pub page: PageAfter<TaskQueueId>,
}
proto_message!(ListTaskQueuesRequest = ListTaskQueuesRequest { provisioner_id, page });

pub type TaskQueueList = Page<TaskQueue, TaskQueueId>;
proto_message!(Page<TaskQueue, TaskQueueId> = TaskQueueList { rows, next });

#[derive(Debug, Clone)]
pub struct ListWorkersRequest {
    pub task_queue_id: TaskQueueId,
    pub page: PageAfter<WorkerName>,
}
proto_message!(ListWorkersRequest = ListWorkersRequest { task_queue_id, page });

pub type WorkerList = Page<Worker, WorkerName>;
proto_message!(Page<Worker, WorkerName> = WorkerList { rows, next });
