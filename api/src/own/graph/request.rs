use std::fmt;

use protocol::id::{TaskGroupId, TaskId};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

/// The body of `createGraph`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct GraphRequest {
    /// Chosen by the submitter: a repeat with the same key is the same graph.
    pub submit_key: String,
    /// The group of tasks that name none.
    pub task_group_id: Option<TaskGroupId>,
    pub tasks: Tasks,
}

/// An object from task id to definition, or a list of `{taskId, task}`.
pub(super) struct Tasks(pub Vec<(TaskId, Value)>);

impl<'de> Deserialize<'de> for Tasks {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(TasksVisitor)
    }
}

struct TasksVisitor;

impl<'de> Visitor<'de> for TasksVisitor {
    type Value = Tasks;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of task definitions by taskId, or a list of {taskId, task}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tasks, A::Error> {
        let mut tasks = Vec::new();
        while let Some(entry) = map.next_entry()? {
            tasks.push(entry);
        }
        Ok(Tasks(tasks))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Tasks, A::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        struct Entry {
            task_id: TaskId,
            task: Value,
        }
        let mut tasks = Vec::new();
        while let Some(Entry { task_id, task }) = list.next_element()? {
            tasks.push((task_id, task));
        }
        Ok(Tasks(tasks))
    }
}
