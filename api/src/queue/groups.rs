use std::sync::Arc;

use actors::queue::types::{ChangeTaskGroupPriorityRequest, ListTaskGroupRequest, TaskGroup};
use protocol::{id::TaskGroupId, time};

use super::{
    QueueState,
    tasks::{NewPriority, task_and_status},
};
use crate::http::{ApiError, ApiResult, Call, Object};

pub(super) async fn get_task_group(state: Arc<QueueState>, call: Call) -> ApiResult {
    Ok(described(&state.queue.task_group(call.parsed("taskGroupId")?).await?).into())
}

pub(super) async fn list_task_group(state: Arc<QueueState>, call: Call) -> ApiResult {
    let request = ListTaskGroupRequest { task_group_id: call.parsed("taskGroupId")?, page: call.page()? };
    let found = state.queue.list_task_group(request).await?;
    let (group, page) = (found.group, found.tasks);
    let token = page.next.map(|next| call.token(&next));
    let listed = described(&group).list("tasks", page.rows.iter().map(task_and_status));
    Ok(listed.optional("continuationToken", token.as_ref()).into())
}

pub(super) async fn seal_task_group(state: Arc<QueueState>, call: Call) -> ApiResult {
    let group = stored_group(&state, &call).await?;
    authorize(&call, &group)?;
    Ok(described(&state.queue.seal_task_group(group.task_group_id).await?).into())
}

/// Only a sealed group can be canceled, as tasks might be added meanwhile. This is checked before scopes are
/// looked at.
pub(super) async fn cancel_task_group(state: Arc<QueueState>, call: Call) -> ApiResult {
    let group = stored_group(&state, &call).await?;
    if group.sealed.is_none() {
        let message =
            format!("The task group {} must be sealed (sealTaskGroup) before it is canceled", group.task_group_id);
        return Err(ApiError::conflict(message));
    }
    authorize(&call, &group)?;
    let canceled = state.queue.cancel_task_group(group.task_group_id).await?;
    let response = Object::new()
        .field("taskGroupId", &group.task_group_id)
        .field("taskGroupSize", &canceled.size)
        .field("cancelledCount", &canceled.canceled.len())
        .field("taskIds", &canceled.canceled);
    Ok(response.into())
}

pub(super) async fn change_task_group_priority(state: Arc<QueueState>, mut call: Call) -> ApiResult {
    let group = stored_group(&state, &call).await?;
    authorize(&call, &group)?;
    let body: NewPriority = call.body()?;
    let request = ChangeTaskGroupPriorityRequest { task_group_id: group.task_group_id, priority: body.new_priority };
    let changed = state.queue.change_task_group_priority(request).await?;
    let (group, changed) = (changed.group, changed.changed);
    let response = Object::new()
        .field("taskGroupId", &group.task_group_id)
        .field("schedulerId", &group.scheduler_id)
        .field("newPriority", &body.new_priority)
        .field("tasksAffected", &changed.len())
        .field("taskIds", &changed);
    Ok(response.into())
}

async fn stored_group(state: &QueueState, call: &Call) -> Result<TaskGroup, ApiError> {
    let group_id: TaskGroupId = call.parsed("taskGroupId")?;
    Ok(state.queue.task_group(group_id).await?)
}

fn authorize(call: &Call, group: &TaskGroup) -> Result<(), ApiError> {
    call.authorize(|params| params.text("schedulerId", &group.scheduler_id))
}

fn described(group: &TaskGroup) -> Object {
    Object::new()
        .field("taskGroupId", &group.task_group_id)
        .field("schedulerId", &group.scheduler_id)
        .field("expires", &time::format(group.expires))
        .optional("sealed", group.sealed.map(time::format).as_ref())
}
