use std::sync::Arc;

use actors::queue::types::{DeclareWorkerRequest, ListWorkersRequest, QuarantineWorkerRequest, Worker, WorkerRef};
use protocol::{
    id::{TaskQueueId, WorkerName},
    time::{self, Timestamp, wire},
};
use serde::Deserialize;

use super::QueueState;
use crate::http::{ApiResult, Call, Object};

/// The filter works on a page after it is read, so a page may be short or empty and yet not be the last.
pub(super) async fn list_workers(state: Arc<QueueState>, call: Call) -> ApiResult {
    let page = state.queue.workers(ListWorkersRequest { task_queue_id: queue_of(&call), page: call.page()? }).await?;
    let token = page.next.map(|next| call.token(&next));
    let (now, wanted) = (state.clock.now(), call.query("quarantined").map(|flag| flag == "true"));
    let workers = page.rows.iter().filter(|worker| wanted.is_none_or(|wanted| wanted == is_quarantined(worker, now)));
    Ok(Object::new().list("workers", workers.map(entry)).optional("continuationToken", token.as_ref()).into())
}

pub(super) async fn get_worker(state: Arc<QueueState>, call: Call) -> ApiResult {
    Ok(described(&state.queue.worker(WorkerRef { task_queue_id: queue_of(&call), worker: worker_of(&call) }).await?)
        .into())
}

pub(super) async fn quarantine_worker(state: Arc<QueueState>, mut call: Call) -> ApiResult {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        #[serde(with = "wire")]
        quarantine_until: Timestamp,
        quarantine_info: Option<String>,
    }
    let Body { quarantine_until, quarantine_info } = call.body()?;
    let request = QuarantineWorkerRequest {
        task_queue_id: queue_of(&call),
        worker: worker_of(&call),
        until: quarantine_until,
        info: quarantine_info,
        client_id: call.caller()?.client_id.clone().unwrap_or_default(),
    };
    Ok(described(&state.queue.quarantine_worker(request).await?).into())
}

pub(super) async fn declare_worker(state: Arc<QueueState>, mut call: Call) -> ApiResult {
    #[derive(Deserialize)]
    struct Body {
        #[serde(with = "wire")]
        expires: Timestamp,
    }
    let Body { expires } = call.body()?;
    call.authorize(|params| params.list("properties", ["expires"]))?;
    let request = DeclareWorkerRequest { task_queue_id: queue_of(&call), worker: worker_of(&call), expires };
    Ok(described(&state.queue.declare_worker(request).await?).into())
}

fn queue_of(call: &Call) -> TaskQueueId {
    TaskQueueId(format!("{}/{}", call.param("provisionerId"), call.param("workerType")))
}

fn worker_of(call: &Call) -> WorkerName {
    let param = |name| call.param(name).to_owned();
    WorkerName { worker_group: param("workerGroup"), worker_id: param("workerId") }
}

fn is_quarantined(worker: &Worker, now: Timestamp) -> bool {
    worker.quarantine_until.is_some_and(|until| until > now)
}

fn described(worker: &Worker) -> Object {
    let (provisioner, kind) = worker.task_queue_id.parts();
    let recent = worker.recent_tasks.iter().map(|(id, run)| Object::new().field("taskId", id).field("runId", run));
    common(worker)
        .field("provisionerId", &provisioner)
        .field("workerType", &kind)
        .field("taskQueueId", &worker.task_queue_id)
        .list("recentTasks", recent)
        .field("expires", &time::format(worker.expires))
}

/// A worker in a list: its last task only.
fn entry(worker: &Worker) -> Object {
    match worker.recent_tasks.last() {
        Some((id, run)) => {
            let latest = Object::new().field("taskId", id).field("runId", run).finish();
            common(worker).raw("latestTask", &latest)
        }
        None => common(worker),
    }
}

fn common(worker: &Worker) -> Object {
    Object::new()
        .field("workerGroup", &worker.worker.worker_group)
        .field("workerId", &worker.worker.worker_id)
        .field("firstClaim", &time::format(worker.first_claim))
        .field("lastDateActive", &time::format(worker.last_date_active))
        .optional("quarantineUntil", worker.quarantine_until.map(time::format).as_ref())
}
