//! The task definition: what `createTask` is given, with every default filled in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    id::{TaskGroupId, TaskId, TaskQueueId},
    state::{Priority, Requires},
    time::{Timestamp, wire},
};

/// A whole definition. It never changes, save for its priority.
///
/// Fields stand in alphabetical order of their wire names and maps are sorted, so that equal definitions
/// are equal texts: the database compares a repeated `createTask` by text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskDefinition {
    #[serde(with = "wire")]
    pub created: Timestamp,
    #[serde(with = "wire")]
    pub deadline: Timestamp,
    pub dependencies: Vec<TaskId>,
    #[serde(with = "wire")]
    pub expires: Timestamp,
    pub extra: Value,
    pub metadata: Metadata,
    pub payload: Value,
    pub priority: Priority,
    pub project_id: String,
    pub provisioner_id: String,
    pub requires: Requires,
    pub retries: i16,
    pub routes: Vec<String>,
    pub scheduler_id: String,
    pub scopes: Vec<String>,
    pub tags: BTreeMap<String, String>,
    pub task_group_id: TaskGroupId,
    pub task_queue_id: TaskQueueId,
    pub worker_type: String,
}

/// Who and what a task is, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    pub description: String,
    pub name: String,
    pub owner: String,
    pub source: String,
}

/// The part of a stored definition that events carry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct EventPart {
    pub routes: Vec<String>,
    pub tags: BTreeMap<String, String>,
}
