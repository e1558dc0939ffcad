//! The queue as the holder of the action task's scopes may use it: every call needs what it would need over HTTP.

use std::{collections::BTreeSet, sync::Arc};

use protocol::{
    id::{TaskGroupId, TaskId},
    reference::{self, ScopeParams},
    scope::{ScopeExpression, ScopeSet},
    status::TaskStatus,
    task::TaskDefinition,
};

use super::{ActionError, Result};
use crate::{
    built_in::Actions,
    kit::PageAfter,
    queue::{
        QueueError, TaskRequest,
        types::{ListDependentsRequest, NewGraph, NewTask, TaskGroup},
    },
};

const PAGE: i64 = 200;

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
        let group: TaskGroup = self.actions.built_in.queue.task_group(id).await?;
        let params =
            || ScopeParams::new().text("schedulerId", &*group.scheduler_id).text("taskGroupId", id.to_string());
        // Both before either: a group that is sealed and not cancelled would help nobody.
        self.may("sealTaskGroup", params()).await?;
        self.may("cancelTaskGroup", params()).await?;
        self.actions.built_in.queue.seal_task_group(id).await?;
        Ok(self.actions.built_in.queue.cancel_task_group(id).await?.canceled.len())
    }

    /// Creates all of these tasks or none. The key makes a repeat the same.
    pub(super) async fn create(&self, submit_key: String, tasks: Vec<NewTask>) -> Result<()> {
        let mut required = BTreeSet::new();
        for task in &tasks {
            let request = serde_json::to_value(&task.definition).and_then(serde_json::from_value::<TaskRequest>);
            let request = request.map_err(|error| ActionError::Input(format!("no task can be made of it: {error}")))?;
            // Many tasks require the same.
            let scopes = request.required_scopes();
            if required.insert(serde_json::to_string(&scopes).unwrap_or_default()) {
                self.require("createTask", scopes).await?;
            }
        }
        self.actions.built_in.queue.create_graph(NewGraph { submit_key, tasks }).await?;
        Ok(())
    }

    async fn may(&self, endpoint: &'static str, params: ScopeParams) -> Result<()> {
        let declared = reference::service("queue").and_then(|queue| queue.endpoint(endpoint));
        let template =
            declared.and_then(|endpoint| endpoint.scopes.as_ref()).expect("the endpoint declares its scopes");
        let required = template.render(&params).expect("the parameters are those of the endpoint");
        self.require(endpoint, required).await
    }

    async fn require(&self, endpoint: &'static str, required: Option<ScopeExpression>) -> Result<()> {
        let Some(required) = required else { return Ok(()) };
        let held = self.held()?;
        if required.is_satisfied_by(&held) {
            return Ok(());
        }
        // The copy of roles is up to a second old: another process may have granted what is missing.
        if let Some(auth) = &self.actions.auth {
            auth.load().await?;
        }
        let held = self.held()?;
        match required.missing_from(&held) {
            Some(missing) => Err(ActionError::Scopes { endpoint, missing: Box::new(missing) }),
            None => Ok(()),
        }
    }

    fn held(&self) -> Result<Arc<ScopeSet>> {
        let held = self.actions.clients.now().powers_with(self.scopes);
        held.map_err(|error| ActionError::TooManyScopes(error.to_string()))
    }
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
