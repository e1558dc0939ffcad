//! Workers that the queue has seen, with what worker-manager knows of them.

use std::sync::Arc;

use actors::worker_manager::{KnownWorker, KnownWorkersRequest, STANDALONE, WorkerManager};
use protocol::{id::TaskQueueId, time};

use super::worker_of;
use crate::http::{ApiResult, Call, Object};

/// The provider of a worker of which worker-manager has no row.
const NO_PROVIDER: &str = "none";

pub(super) async fn list(manager: Arc<WorkerManager>, call: Call) -> ApiResult {
    let text = |name| call.query(name).map(str::to_owned);
    let request = KnownWorkersRequest {
        task_queue_id: queue_of(&call),
        quarantined: call.query("quarantined") == Some("true"),
        launch_config_id: text("launchConfigId"),
        state: text("workerState"),
        page: call.page()?,
    };
    let page = manager.known_workers(request).await?;
    let token = page.next.map(|worker| call.token(&worker));
    let workers = page.rows.iter().map(entry);
    Ok(Object::new().list("workers", workers).optional("continuationToken", token.as_ref()).into())
}

pub(super) async fn get(manager: Arc<WorkerManager>, call: Call) -> ApiResult {
    let worker = manager.known_worker(&queue_of(&call), &worker_of(&call)).await?;
    let (provisioner, kind) = worker.seen.task_queue_id.parts();
    let recent = worker.seen.recent_tasks.iter().map(|(id, run)| Object::new().field("taskId", id).field("runId", run));
    let described = common(&worker)
        .field("provisionerId", &provisioner)
        .field("workerType", &kind)
        .list("recentTasks", recent)
        .field("quarantineDetails", &worker.quarantine_details)
        .field("expires", &time::format(worker.seen.expires));
    Ok(described.into())
}

fn queue_of(call: &Call) -> TaskQueueId {
    TaskQueueId(format!("{}/{}", call.param("provisionerId"), call.param("workerType")))
}

/// A worker in a list: its last task only.
fn entry(worker: &KnownWorker) -> Object {
    match worker.seen.recent_tasks.last() {
        Some((id, run)) => {
            let latest = Object::new().field("taskId", id).field("runId", run);
            common(worker).raw("latestTask", &latest.to_text())
        }
        None => common(worker),
    }
}

fn common(worker: &KnownWorker) -> Object {
    let seen = &worker.seen;
    Object::new()
        .field("workerPoolId", &seen.task_queue_id)
        .field("workerGroup", &seen.worker.worker_group)
        .field("workerId", &seen.worker.worker_id)
        .field("firstClaim", &time::format(seen.first_claim))
        .field("lastDateActive", &time::format(seen.last_date_active))
        .field("state", &worker.state.map_or(STANDALONE, |state| state.as_str()))
        .field("capacity", &worker.capacity.unwrap_or(0))
        .field("providerId", &worker.provider_id.as_deref().unwrap_or(NO_PROVIDER))
        .optional("launchConfigId", worker.launch_config_id.as_ref())
        .optional("quarantineUntil", seen.quarantine_until.map(time::format).as_ref())
}
