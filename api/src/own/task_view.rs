//! A task's page in one request.

use std::{collections::HashMap, sync::Arc};

use actors::{
    artifacts::ArtifactError,
    kit::PageAfter,
    queue::types::{Definition, ListDependentsRequest},
};
use protocol::{
    id::{RunId, TaskId},
    scope::ScopeExpression,
    status::TaskStatus,
};
use serde::Deserialize;

use super::OwnState;
use crate::{
    http::{ApiError, ApiResult, Call, Object},
    queue::described_artifact,
};

/// Tasks before it, tasks after it, and artifacts; the lists say whether there are more.
const MOST_LISTED: usize = 100;

#[derive(Default, Deserialize)]
struct Shown {
    #[serde(default)]
    metadata: ShownMetadata,
    #[serde(default)]
    dependencies: Vec<TaskId>,
}

#[derive(Default, Deserialize)]
struct ShownMetadata {
    #[serde(default)]
    name: String,
}

/// Status, definition, explanation, the artifacts of the newest run, and the tasks around it with their states. Artifacts are
/// there for who may list them.
pub(super) async fn task_view(state: Arc<OwnState>, call: Call) -> ApiResult {
    let id: TaskId = call.parsed("taskId")?;
    let explanation = state.queue.explain(id).await?;
    let task = state.queue.task(id).await?;
    let shown = shown(&task);
    let more_dependencies = shown.dependencies.len() > MOST_LISTED;
    let dependencies = tasks(&state, shown.dependencies.into_iter().take(MOST_LISTED).collect()).await?;
    let page = PageAfter { after: None, limit: MOST_LISTED.try_into().unwrap_or(i64::MAX) };
    let dependents = state.queue.dependents(ListDependentsRequest { task_id: id, page }).await?;
    let response = Object::new()
        .field("status", &explanation.status)
        .raw("task", &task.0)
        .list("dependencies", dependencies)
        .field("moreDependencies", &more_dependencies)
        .list("dependents", dependents.rows.iter().map(|it| listed(&it.status, &it.task)))
        .field("moreDependents", &dependents.next.is_some())
        .field("explanation", &explanation);
    artifacts(&state, &call, id, &explanation.status, response).await
}

/// Those of the newest run.
async fn artifacts(state: &OwnState, call: &Call, id: TaskId, status: &TaskStatus, response: Object) -> ApiResult {
    let Some(run) = status.runs.len().checked_sub(1).and_then(|last| RunId::try_from(last).ok()) else {
        return Ok(response.list("artifacts", []).into());
    };
    let scopes = [format!("queue:list-artifacts:{id}:{run}"), format!("queue:list-artifacts:{id}")];
    let may_list = ScopeExpression::any_of(scopes.map(ScopeExpression::Scope).into());
    if call.require(Some(may_list)).is_err() {
        return Ok(response.into());
    }
    let page = PageAfter { after: None, limit: 1000 };
    let found = match state.artifacts.list(id, run, page).await {
        Ok(page) => page.rows,
        // The run has just begun.
        Err(ArtifactError::NoSuchTask(..) | ArtifactError::NoSuchRun(..)) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    Ok(response.list("artifacts", found.iter().map(described_artifact)).into())
}

/// In the order asked for; those that do not exist any more are left out.
async fn tasks(state: &OwnState, ids: Vec<TaskId>) -> Result<Vec<Object>, ApiError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let definitions: HashMap<TaskId, Definition> = state.queue.tasks(ids.clone()).await?.into_iter().collect();
    let statuses = state.queue.statuses(ids).await?;
    Ok(statuses.iter().filter_map(|status| Some(listed(status, definitions.get(&status.task_id)?))).collect())
}

fn listed(status: &TaskStatus, task: &Definition) -> Object {
    Object::new()
        .field("taskId", &status.task_id)
        .field("name", &shown(task).metadata.name)
        .field("state", &status.state)
}

fn shown(task: &Definition) -> Shown {
    serde_json::from_str(&task.0).unwrap_or_default()
}
