//! The queue as the holder of the action task's scopes may use it: every call needs what it would need over HTTP.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    id::{TaskGroupId, TaskId},
    reference::ScopeParams,
    scope::ScopeExpression,
    status::TaskStatus,
    task::TaskDefinition,
};

use super::{ActionError, Result};
use crate::{
    built_in::Actions,
    kit::PageAfter,
    queue::{
        QueueError, TaskRequest,
        types::{ListDependentsRequest, ListTaskGroupRequest, NewGraph, NewTask, TaskGroup},
    },
};

const PAGE: i64 = 200;

/// Tasks by their names.
type Labels = BTreeMap<String, TaskId>;

pub(super) struct Caller<'a> {
    pub(super) actions: &'a Actions,
    /// Of the action's task, as it was claimed.
    pub(super) scopes: &'a [String],
}

impl Caller<'_> {
    pub(super) async fn definition(&self, task_id: TaskId) -> Result<TaskDefinition> {
        self.may("task", ScopeParams::new().text("taskId", task_id.to_string())).await?;
        let text = self.actions.built_in.queue.task(task_id).await?.0;
        Ok(read(&text)?)
    }

    pub(super) async fn status(&self, task_id: TaskId) -> Result<TaskStatus> {
        self.may("status", ScopeParams::new().text("taskId", task_id.to_string())).await?;
        Ok(self.actions.built_in.queue.status(task_id).await?)
    }

    /// The tasks that depend on a task, with at most `limit` of them.
    pub(super) async fn dependents(&self, task_id: TaskId, limit: usize) -> Result<Vec<(TaskId, TaskDefinition)>> {
        self.may("listDependentTasks", ScopeParams::new().text("taskId", task_id.to_string())).await?;
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = PageAfter { after, limit: PAGE };
            let page = self.actions.built_in.queue.dependents(ListDependentsRequest { task_id, page }).await?;
            for row in page.rows {
                all.push((row.status.task_id, read(&row.task.0)?));
            }
            after = page.next;
            if after.is_none() || all.len() > limit {
                return Ok(all);
            }
        }
    }

    /// The tasks of a group by their names: those whose ids are the ones for their names, and of all others the first of a name.
    pub(super) async fn labels(
        &self,
        task_group_id: TaskGroupId,
        id: impl Fn(&str) -> TaskId,
    ) -> Result<(Labels, Labels)> {
        self.may("listTaskGroup", ScopeParams::new().text("taskGroupId", task_group_id.to_string())).await?;
        let (mut own, mut others, mut after) = (Labels::new(), Labels::new(), None);
        loop {
            let page = PageAfter { after, limit: PAGE };
            let page =
                self.actions.built_in.queue.list_task_group(ListTaskGroupRequest { task_group_id, page }).await?;
            for row in page.tasks.rows {
                let (label, task_id) = (read(&row.task.0)?.metadata.name, row.status.task_id);
                let labels = if task_id == id(&label) { &mut own } else { &mut others };
                labels.entry(label).or_insert(task_id);
            }
            after = page.tasks.next;
            if after.is_none() {
                return Ok((own, others));
            }
        }
    }

    /// Those of these tasks that there are.
    pub(super) async fn existing(&self, ids: Vec<TaskId>) -> Result<BTreeSet<TaskId>> {
        let statuses = self.actions.built_in.queue.statuses(ids).await?;
        Ok(statuses.into_iter().map(|status| status.task_id).collect())
    }

    pub(super) async fn rerun(&self, status: &TaskStatus) -> Result<TaskStatus> {
        self.may("rerunTask", of_task(status)).await?;
        Ok(self.actions.built_in.queue.rerun_task(status.task_id).await?)
    }

    pub(super) async fn cancel(&self, status: &TaskStatus) -> Result<TaskStatus> {
        self.may("cancelTask", of_task(status)).await?;
        Ok(self.actions.built_in.queue.cancel_task(status.task_id).await?)
    }

    /// Seals a group and cancels what is not resolved in it; how many tasks that were.
    pub(super) async fn cancel_group(&self, id: TaskGroupId) -> Result<usize> {
        let params =
            |scheduler: &str| ScopeParams::new().text("schedulerId", scheduler).text("taskGroupId", id.to_string());
        // Whoever has no such scope at all is not to learn from the answer that there is such a group.
        let unknown = ScopeParams::new().text("taskGroupId", id.to_string());
        for endpoint in ["sealTaskGroup", "cancelTaskGroup"] {
            self.might(endpoint, &unknown, &params("<schedulerId>")).await?;
        }
        let group: TaskGroup = self.actions.built_in.queue.task_group(id).await?;
        // Both before either: a group that is sealed and not cancelled would help nobody.
        self.may("sealTaskGroup", params(&group.scheduler_id)).await?;
        self.may("cancelTaskGroup", params(&group.scheduler_id)).await?;
        self.actions.built_in.queue.seal_task_group(id).await?;
        Ok(self.actions.built_in.queue.cancel_task_group(id).await?.canceled.len())
    }

    /// Creates all of these tasks or none. The key makes a repeat the same.
    pub(super) async fn create(&self, submit_key: String, tasks: Vec<NewTask>) -> Result<()> {
        for scopes in required_scopes(&tasks)? {
            self.require("createTask", Some(scopes)).await?;
        }
        self.actions.built_in.queue.create_graph(NewGraph { submit_key, tasks }).await?;
        Ok(())
    }
}

/// What creating these tasks takes; many take the same.
pub(super) fn required_scopes(tasks: &[NewTask]) -> Result<Vec<ScopeExpression>> {
    let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
    for task in tasks {
        let request = serde_json::to_value(&task.definition).and_then(serde_json::from_value::<TaskRequest>);
        let request = request.map_err(|error| ActionError::Input(format!("no task can be made of it: {error}")))?;
        let scopes = request.required_scopes();
        if seen.insert(serde_json::to_string(&scopes).unwrap_or_default()) {
            all.extend(scopes);
        }
    }
    Ok(all)
}

fn of_task(status: &TaskStatus) -> ScopeParams {
    ScopeParams::new()
        .text("schedulerId", &*status.scheduler_id)
        .text("projectId", &*status.project_id)
        .text("taskGroupId", status.task_group_id.to_string())
        .text("taskId", status.task_id.to_string())
}

fn read(text: &str) -> Result<TaskDefinition, QueueError> {
    serde_json::from_str(text).map_err(|error| QueueError::Input(format!("a stored task cannot be read: {error}")))
}
