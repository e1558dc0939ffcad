use std::{collections::HashSet, sync::Arc};

use actors::{
    kit::PageAfter,
    queue::types::{ChangeTaskPriorityRequest, ListDependentsRequest, TaskAndStatus},
};
use protocol::{id::TaskId, reference::ScopeParams, state::Priority, status::TaskStatus};
use serde::Deserialize;

use super::QueueState;
use crate::http::{ApiError, ApiResponse, ApiResult, Call, Object};

pub(super) async fn task(state: Arc<QueueState>, call: Call) -> ApiResult {
    Ok(ApiResponse::json_text(state.queue.task(call.parsed("taskId")?).await?.0))
}

pub(super) async fn status(state: Arc<QueueState>, call: Call) -> ApiResult {
    Ok(status_reply(&state.queue.status(call.parsed("taskId")?).await?))
}

pub(super) async fn tasks(state: Arc<QueueState>, mut call: Call) -> ApiResult {
    let (ids, token) = ids_of_page(&mut call)?;
    let found = state.queue.tasks(ids).await?;
    let entries = found.iter().map(|(id, task)| Object::new().field("taskId", id).raw("task", &task.0));
    Ok(Object::new().list("tasks", entries).optional("continuationToken", token.as_ref()).into())
}

pub(super) async fn statuses(state: Arc<QueueState>, mut call: Call) -> ApiResult {
    let (ids, token) = ids_of_page(&mut call)?;
    let found = state.queue.statuses(ids).await?;
    let entries = found.iter().map(|status| Object::new().field("taskId", &status.task_id).field("status", status));
    Ok(Object::new().list("statuses", entries).optional("continuationToken", token.as_ref()).into())
}

pub(super) async fn list_dependent_tasks(state: Arc<QueueState>, call: Call) -> ApiResult {
    let task_id: TaskId = call.parsed("taskId")?;
    let page = state.queue.dependents(ListDependentsRequest { task_id, page: call.page()? }).await?;
    let token = page.next.map(|next| call.token(&next));
    let entries = page.rows.iter().map(task_and_status);
    let listed = Object::new().field("taskId", &task_id).list("tasks", entries);
    Ok(listed.optional("continuationToken", token.as_ref()).into())
}

pub(super) async fn schedule_task(state: Arc<QueueState>, call: Call) -> ApiResult {
    let task_id = authorized_task(&state, &call).await?;
    Ok(status_reply(&state.queue.schedule_task(task_id).await?))
}

pub(super) async fn rerun_task(state: Arc<QueueState>, call: Call) -> ApiResult {
    let task_id = authorized_task(&state, &call).await?;
    Ok(status_reply(&state.queue.rerun_task(task_id).await?))
}

pub(super) async fn cancel_task(state: Arc<QueueState>, call: Call) -> ApiResult {
    let task_id = authorized_task(&state, &call).await?;
    Ok(status_reply(&state.queue.cancel_task(task_id).await?))
}

pub(super) async fn change_task_priority(state: Arc<QueueState>, mut call: Call) -> ApiResult {
    let task_id = authorized_task(&state, &call).await?;
    let body: NewPriority = call.body()?;
    let request = ChangeTaskPriorityRequest { task_id, priority: body.new_priority };
    Ok(status_reply(&state.queue.change_task_priority(request).await?))
}

/// The body of both endpoints that change priorities.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewPriority {
    pub new_priority: Priority,
}

pub(super) fn status_reply(status: &TaskStatus) -> ApiResponse {
    Object::new().field("status", status).into()
}

pub(super) fn task_and_status(entry: &TaskAndStatus) -> Object {
    Object::new().field("status", &entry.status).raw("task", &entry.task.0)
}

/// The task of the path, if the caller holds the scopes, which refer to the stored task: so 404 comes before 403.
/// A caller who holds `*` needs no query.
pub(super) async fn authorized_task(state: &QueueState, call: &Call) -> Result<TaskId, ApiError> {
    let task_id = call.parsed("taskId")?;
    if call.holds_everything() {
        return Ok(task_id);
    }
    let status = state.queue.status(task_id).await?;
    call.authorize(|params| stored_params(params, &status))?;
    Ok(task_id)
}

fn stored_params(params: ScopeParams, status: &TaskStatus) -> ScopeParams {
    params
        .text("schedulerId", &status.scheduler_id)
        .text("taskGroupId", status.task_group_id.to_string())
        .text("projectId", &status.project_id)
        .text("taskQueueId", &status.task_queue_id.0)
        .text("provisionerId", &status.provisioner_id)
        .text("workerType", &status.worker_type)
}

/// The ids of this page and the token of the next. The caller needs the scopes for every id of the body. A repeated id
/// is returned once; an invalid one is unknown like any other.
fn ids_of_page(call: &mut Call) -> Result<(Vec<TaskId>, Option<String>), ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        task_ids: Vec<String>,
    }
    let Body { task_ids } = call.body()?;
    call.authorize(|params| params.list("taskIds", &task_ids))?;
    let PageAfter { after, limit } = call.page::<usize>()?;
    let mut seen = HashSet::new();
    let ids = task_ids.iter().filter_map(|text| text.parse().ok()).filter(|id: &TaskId| seen.insert(*id));
    let mut ids: Vec<TaskId> = ids.collect();
    let start = after.unwrap_or(0).min(ids.len());
    let end = start.saturating_add(usize::try_from(limit).unwrap_or(usize::MAX)).min(ids.len());
    let token = (end < ids.len()).then(|| call.token(&end));
    ids.truncate(end);
    Ok((ids.split_off(start), token))
}
