//! What goes in and out of the queue. Each type stands beside the message of `queue.proto` as which it travels.

mod claims;
mod groups;
mod lists;
mod reports;
mod tasks;
mod workers;

pub use claims::{Claim, ClaimTaskRequest, ClaimWorkRequest, Claims, Reclaim, ReclaimTaskRequest};
pub use groups::{CanceledGroup, ChangeTaskGroupPriorityRequest, ChangedGroup, Group, TaskGroup, TaskGroupPage};
pub use lists::{
    ClaimedTask, ClaimedTaskList, ListClaimedTasksRequest, ListDependentsRequest, ListPendingTasksRequest,
    ListTaskGroupRequest, ListTaskQueuesRequest, ListWorkersRequest, PendingTask, PendingTaskList, TaskList,
    TaskQueueList, WorkerList,
};
pub use protocol::{explain::Explanation, status::TaskStatus};
pub use reports::{Report, ReportRequest};
pub use tasks::{
    ChangeTaskPriorityRequest, Definition, Definitions, NewGraph, NewTask, TaskAndStatus, TaskGroupRef, TaskIds,
    TaskQueueRef, TaskRef, TaskStatuses,
};
pub use workers::{DeclareWorkerRequest, QuarantineWorkerRequest, QueueCounts, TaskQueue, Worker, WorkerRef};
