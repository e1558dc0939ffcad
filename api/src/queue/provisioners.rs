//! Task queues as they were seen, and the deprecated views of them by provisioner.

use std::{collections::BTreeMap, sync::Arc};

use actors::{
    kit::PageAfter,
    queue::types::{ListTaskQueuesRequest, TaskQueue},
};
use protocol::{
    id::TaskQueueId,
    time::{self, Timestamp},
};

use super::QueueState;
use crate::http::{ApiError, ApiResult, Call, Object};

pub(super) async fn list_task_queues(state: Arc<QueueState>, call: Call) -> ApiResult {
    let page = state.queue.task_queues(ListTaskQueuesRequest { provisioner_id: None, page: call.page()? }).await?;
    let token = page.next.map(|next| call.token(&next));
    let queues = page.rows.iter().map(task_queue);
    Ok(Object::new().list("taskQueues", queues).optional("continuationToken", token.as_ref()).into())
}

pub(super) async fn get_task_queue(state: Arc<QueueState>, call: Call) -> ApiResult {
    let queue = TaskQueueId(call.param("taskQueueId").to_owned());
    Ok(task_queue(&state.queue.task_queue(queue).await?).into())
}

pub(super) async fn list_worker_types(state: Arc<QueueState>, call: Call) -> ApiResult {
    let provisioner_id = Some(call.param("provisionerId").to_owned());
    let request = ListTaskQueuesRequest { provisioner_id, page: call.page()? };
    let page = state.queue.task_queues(request).await?;
    let token = page.next.map(|next| call.token(&next));
    let kinds = page.rows.iter().map(worker_type);
    Ok(Object::new().list("workerTypes", kinds).optional("continuationToken", token.as_ref()).into())
}

pub(super) async fn get_worker_type(state: Arc<QueueState>, call: Call) -> ApiResult {
    let queue = TaskQueueId(format!("{}/{}", call.param("provisionerId"), call.param("workerType")));
    Ok(worker_type(&state.queue.task_queue(queue).await?).into())
}

/// Provisioners are what task queues are named after; nothing else is known of them. There are few, and one page
/// holds them.
pub(super) async fn list_provisioners(state: Arc<QueueState>, call: Call) -> ApiResult {
    let PageAfter { limit, .. } = call.page::<String>()?;
    let found = provisioners(&state, None).await?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let entries = found.iter().take(most).map(|(name, seen)| provisioner(name, seen));
    Ok(Object::new().list("provisioners", entries).into())
}

pub(super) async fn get_provisioner(state: Arc<QueueState>, call: Call) -> ApiResult {
    let name = call.param("provisionerId");
    let found = provisioners(&state, Some(name)).await?;
    let seen = found.get(name).ok_or_else(|| ApiError::not_found(format!("there is no provisioner {name}")))?;
    Ok(provisioner(name, seen).into())
}

/// When something was last active, and until when it is known.
struct Seen {
    last_date_active: Timestamp,
    expires: Timestamp,
}

async fn provisioners(state: &QueueState, only: Option<&str>) -> Result<BTreeMap<String, Seen>, ApiError> {
    let mut found: BTreeMap<String, Seen> = BTreeMap::new();
    let mut page = PageAfter { after: None, limit: 1000 };
    loop {
        let queues =
            state.queue.task_queues(ListTaskQueuesRequest { provisioner_id: only.map(str::to_owned), page }).await?;
        for queue in queues.rows {
            let TaskQueue { task_queue_id, last_date_active, expires } = queue;
            let seen = found.entry(task_queue_id.parts().0.to_owned()).or_insert(Seen { last_date_active, expires });
            seen.last_date_active = seen.last_date_active.max(last_date_active);
            seen.expires = seen.expires.max(expires);
        }
        match queues.next {
            Some(next) => page = PageAfter { after: Some(next), limit: 1000 },
            None => return Ok(found),
        }
    }
}

fn task_queue(queue: &TaskQueue) -> Object {
    described(queue.last_date_active, queue.expires).field("taskQueueId", &queue.task_queue_id)
}

fn worker_type(queue: &TaskQueue) -> Object {
    let (provisioner, kind) = queue.task_queue_id.parts();
    task_queue(queue).field("provisionerId", &provisioner).field("workerType", &kind)
}

fn provisioner(name: &str, seen: &Seen) -> Object {
    described(seen.last_date_active, seen.expires).field("provisionerId", &name)
}

/// Nobody describes queues any more; clients still expect the fields.
fn described(last_date_active: Timestamp, expires: Timestamp) -> Object {
    Object::new()
        .field("description", &"")
        .field("stability", &"experimental")
        .field("expires", &time::format(expires))
        .field("lastDateActive", &time::format(last_date_active))
}
