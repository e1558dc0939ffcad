//! A push that is given tasks.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    id::TaskId,
    schema,
    time::{self, Timestamp},
};
use serde_json::{Value, json};

use super::{
    super::{ActionError, Result, derived},
    references::{References, resolve},
};
use crate::queue::{TaskLimits, TaskRequest, types::NewTask};

pub(super) struct Push {
    pub action: TaskId,
    pub decision_task: TaskId,
    pub scheduler_id: String,
    /// From when on the dates of the tasks count.
    pub created: Timestamp,
    pub root_url: String,
    pub limits: TaskLimits,
    /// Tasks that its group has, by label, but those of this action.
    pub present: BTreeMap<String, TaskId>,
}

impl Push {
    /// Of the task that this action makes for a label.
    pub(super) fn id(&self, label: &str) -> TaskId {
        derived(self.action, self.decision_task, label)
    }

    /// A task as taskgraph makes it of an entry of its graph. `is_first`: it depends on the decision task.
    pub(super) fn task(
        &self,
        label: &str,
        task: Value,
        dependencies: &BTreeMap<String, TaskId>,
        is_first: bool,
    ) -> Result<NewTask> {
        let task_id = self.id(label);
        self.try_task(task_id, task, dependencies, is_first).map_err(|words| {
            ActionError::Input(format!("the task `{label}` of the push {} cannot be made: {words}", self.decision_task))
        })
    }

    fn try_task(
        &self,
        task_id: TaskId,
        task: Value,
        dependencies: &BTreeMap<String, TaskId>,
        is_first: bool,
    ) -> Result<NewTask, String> {
        let Self { decision_task, created, root_url, .. } = self;
        let references = References { task_id, decision_task: *decision_task, dependencies, root_url, now: *created };
        let mut task = resolve(task, &references)?;
        let fields = task.as_object_mut().ok_or("it is no object")?;
        let mut all: Vec<Value> = match fields.remove("dependencies") {
            Some(Value::Array(given)) => given,
            _ => Vec::new(),
        };
        all.extend(dependencies.values().map(|id| json!(id)));
        all.extend(is_first.then(|| json!(decision_task)));
        let mut seen = BTreeSet::new();
        all.retain(|id| seen.insert(id.to_string()));
        let completed = [
            ("dependencies", Value::Array(all)),
            ("taskGroupId", json!(decision_task)),
            ("schedulerId", json!(self.scheduler_id)),
            ("created", json!(time::format(*created))),
        ];
        fields.extend(completed.map(|(name, value)| (name.to_owned(), value)));
        schema::validate_input("queue", "create-task-request", &mut task).map_err(|errors| {
            let lines: Vec<String> = errors.iter().take(10).map(|error| format!("\n * data{error}")).collect();
            lines.concat()
        })?;
        let mut request: TaskRequest = serde_json::from_value(task).map_err(|error| error.to_string())?;
        request.reconcile_queue().map_err(|error| error.to_string())?;
        let definition = request.finish(task_id, *created, &self.limits).map_err(|error| error.to_string())?;
        Ok(NewTask { task_id, definition })
    }
}
