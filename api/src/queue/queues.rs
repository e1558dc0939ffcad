use std::sync::Arc;

use actors::queue::types::{ListClaimedTasksRequest, ListPendingTasksRequest};
use protocol::{id::TaskQueueId, time};

use super::QueueState;
use crate::http::{ApiResult, Call, Object};

pub(super) async fn task_queue_counts(state: Arc<QueueState>, call: Call) -> ApiResult {
    let queue = queue_of(&call);
    let counts = state.queue.counts(queue.clone()).await?;
    Ok(named(&queue).field("pendingTasks", &counts.pending).field("claimedTasks", &counts.claimed).into())
}

pub(super) async fn pending_tasks(state: Arc<QueueState>, call: Call) -> ApiResult {
    let queue = queue_of(&call);
    let counts = state.queue.counts(queue.clone()).await?;
    Ok(named(&queue).field("pendingTasks", &counts.pending).into())
}

pub(super) async fn list_pending_tasks(state: Arc<QueueState>, call: Call) -> ApiResult {
    let page = state
        .queue
        .pending_tasks(ListPendingTasksRequest { task_queue_id: queue_of(&call), page: call.page()? })
        .await?;
    let token = page.next.map(|next| call.token(&next));
    let entries = page.rows.iter().map(|row| {
        Object::new()
            .field("taskId", &row.task_id)
            .field("runId", &row.run_id)
            .raw("task", &row.task.0)
            .field("inserted", &time::format(row.inserted))
    });
    Ok(Object::new().list("tasks", entries).optional("continuationToken", token.as_ref()).into())
}

pub(super) async fn list_claimed_tasks(state: Arc<QueueState>, call: Call) -> ApiResult {
    let page = state
        .queue
        .claimed_tasks(ListClaimedTasksRequest { task_queue_id: queue_of(&call), page: call.page()? })
        .await?;
    let token = page.next.map(|next| call.token(&next));
    let entries = page.rows.iter().map(|row| {
        Object::new()
            .field("taskId", &row.task_id)
            .field("runId", &row.run_id)
            .field("workerGroup", &row.worker.worker_group)
            .field("workerId", &row.worker.worker_id)
            .field("claimed", &time::format(row.claimed))
            .raw("task", &row.task.0)
    });
    Ok(Object::new().list("tasks", entries).optional("continuationToken", token.as_ref()).into())
}

fn queue_of(call: &Call) -> TaskQueueId {
    TaskQueueId(call.param("taskQueueId").to_owned())
}

fn named(queue: &TaskQueueId) -> Object {
    let (provisioner, kind) = queue.parts();
    Object::new().field("provisionerId", &provisioner).field("workerType", &kind).field("taskQueueId", queue)
}
