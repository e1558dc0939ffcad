//! Tasks: new ones, their definitions and their statuses.

use protocol::{
    explain::Explanation,
    id::{TaskGroupId, TaskId, TaskQueueId},
    proto,
    state::Priority,
    status::TaskStatus,
    task::TaskDefinition,
};

use crate::kit::rpc::{InvalidMessage, Proto, proto_message};

pub type TaskRef = TaskId;
proto_message!(TaskId = TaskRef.task_id);

pub type TaskGroupRef = TaskGroupId;
proto_message!(TaskGroupId = TaskGroupRef.task_group_id);

pub type TaskQueueRef = TaskQueueId;
proto_message!(TaskQueueId = TaskQueueRef.task_queue_id);

pub type TaskIds = Vec<TaskId>;
proto_message!(Vec<TaskId> = TaskIds.task_ids);

pub type TaskStatuses = Vec<TaskStatus>;
proto_message!(Vec<TaskStatus> = TaskStatuses.statuses);

/// A task to create: checked, with every default filled in.
#[derive(Debug, Clone)]
pub struct NewTask {
    pub task_id: TaskId,
    pub definition: TaskDefinition,
}
proto_message!(NewTask = NewTask { task_id, definition });

/// Several tasks to create as one.
#[derive(Debug, Clone)]
pub struct NewGraph {
    /// Chosen by the submitter; the same key with the same tasks is the same graph.
    pub submit_key: String,
    pub tasks: Vec<NewTask>,
}
proto_message!(NewGraph = NewGraph { submit_key, tasks });

/// A stored definition as JSON text, with the priority the task has now. Sent on as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition(pub String);

pub type Definitions = Vec<(TaskId, Definition)>;
proto_message!(Vec<(TaskId, Definition)> = Definitions.definitions);

#[derive(Debug, Clone)]
pub struct TaskAndStatus {
    pub task: Definition,
    pub status: TaskStatus,
}
proto_message!(TaskAndStatus = TaskAndStatus { task, status });

#[derive(Debug, Clone, Copy)]
pub struct ChangeTaskPriorityRequest {
    pub task_id: TaskId,
    pub priority: Priority,
}
proto_message!(ChangeTaskPriorityRequest = ChangeTaskPriorityRequest { task_id, priority });

impl Proto<String> for Definition {
    fn into_proto(self) -> String {
        self.0
    }

    fn from_proto(json: String) -> Result<Self, InvalidMessage> {
        Ok(Self(json))
    }
}

impl Proto<proto::Definition> for (TaskId, Definition) {
    fn into_proto(self) -> proto::Definition {
        proto::Definition { task_id: self.0.into_proto(), definition: self.1.0 }
    }

    fn from_proto(message: proto::Definition) -> Result<Self, InvalidMessage> {
        Ok((TaskId::from_proto(message.task_id)?, Definition(message.definition)))
    }
}

impl Proto<String> for TaskDefinition {
    fn into_proto(self) -> String {
        // It is made of texts, numbers and maps with text keys, all of which JSON has.
        serde_json::to_string(&self).unwrap_or_default()
    }

    fn from_proto(json: String) -> Result<Self, InvalidMessage> {
        serde_json::from_str(&json).map_err(InvalidMessage::new)
    }
}

impl Proto<proto::Explanation> for Explanation {
    fn into_proto(self) -> proto::Explanation {
        // The same.
        proto::Explanation { explanation: serde_json::to_string(&self).unwrap_or_default() }
    }

    fn from_proto(message: proto::Explanation) -> Result<Self, InvalidMessage> {
        serde_json::from_str(&message.explanation).map_err(InvalidMessage::new)
    }
}
