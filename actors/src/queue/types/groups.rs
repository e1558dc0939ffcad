//! Task groups.

use protocol::{
    id::{TaskGroupId, TaskId},
    state::Priority,
    time::Timestamp,
};

use super::lists::TaskList;
use crate::kit::rpc::proto_message;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskGroup {
    pub task_group_id: TaskGroupId,
    pub scheduler_id: String,
    pub expires: Timestamp,
    pub sealed: Option<Timestamp>,
}
proto_message!(TaskGroup = Group { task_group_id, scheduler_id, expires, sealed });

/// Its name in `queue.proto`, where events have a `TaskGroup`.
pub type Group = TaskGroup;

/// The group, and a page of its tasks.
#[derive(Debug, Clone)]
pub struct TaskGroupPage {
    pub group: TaskGroup,
    pub tasks: TaskList,
}
proto_message!(TaskGroupPage = TaskGroupPage { group, tasks });

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanceledGroup {
    pub size: i64,
    pub canceled: Vec<TaskId>,
}
proto_message!(CanceledGroup = CanceledGroup { size, canceled });

#[derive(Debug, Clone, Copy)]
pub struct ChangeTaskGroupPriorityRequest {
    pub task_group_id: TaskGroupId,
    pub priority: Priority,
}
proto_message!(ChangeTaskGroupPriorityRequest = ChangeTaskGroupPriorityRequest { task_group_id, priority });

/// The group, and the tasks that had another priority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedGroup {
    pub group: TaskGroup,
    pub changed: Vec<TaskId>,
}
proto_message!(ChangedGroup = ChangedGroup { group, changed });
