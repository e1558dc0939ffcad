use std::sync::Arc;

use actors::queue::{
    QueueError,
    types::{Claim, ClaimWork},
};
use protocol::{
    id::{TaskId, TaskQueueId, WorkerName},
    time,
};
use serde::Deserialize;

use super::{QueueState, credentials};
use crate::http::{Answer, Call, Fault, Object};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClaimBody {
    #[serde(default)]
    tasks: u16,
    #[serde(flatten)]
    worker: WorkerName,
}

/// Waits for tasks. A server that is stopping sends waiting workers away with nothing, for another one to serve them.
pub(super) async fn claim_work(state: Arc<QueueState>, mut call: Call) -> Answer {
    let ClaimBody { tasks, worker } = call.body()?;
    authorize_worker(&call, &worker)?;
    let ask = ClaimWork { task_queue_id: TaskQueueId(call.param("taskQueueId").to_owned()), worker, count: tasks };
    let claims = tokio::select! {
        biased;
        claims = state.queue.claim_work(ask) => claims?,
        () = state.shutdown.wait() => Vec::new(),
    };
    Ok(Object::new().list("tasks", claims.iter().map(|claim| described(&state, claim))).into())
}

pub(super) async fn claim_task(state: Arc<QueueState>, mut call: Call) -> Answer {
    let ClaimBody { worker, .. } = call.body()?;
    let task_id: TaskId = call.parsed("taskId")?;
    if !call.holds_everything() {
        let status = state.queue.status(task_id).await?;
        status.run(call.run_id()).ok_or(QueueError::NoSuchRun(task_id, call.run_id()))?;
        let queue = [("provisionerId", &status.provisioner_id), ("workerType", &status.worker_type)];
        call.authorize(|params| {
            let params = queue.into_iter().fold(params, |params, (name, value)| params.text(name, value));
            params.text("workerGroup", &worker.worker_group).text("workerId", &worker.worker_id)
        })?;
    }
    let claim = state.queue.claim_task(task_id, call.run_id(), worker).await?;
    Ok(described(&state, &claim).into())
}

pub(super) async fn reclaim_task(state: Arc<QueueState>, call: Call) -> Answer {
    let task_id: TaskId = call.parsed("taskId")?;
    let claim = state.queue.reclaim_task(task_id, call.run_id()).await?;
    let credentials =
        credentials::of_run(&state, task_id, claim.run_id, &claim.worker, claim.taken_until, &claim.scopes);
    let reply = Object::new()
        .field("status", &claim.status)
        .field("runId", &claim.run_id)
        .field("workerGroup", &claim.worker.worker_group)
        .field("workerId", &claim.worker.worker_id)
        .field("takenUntil", &time::format(claim.taken_until))
        .field("credentials", &credentials);
    Ok(reply.into())
}

fn authorize_worker(call: &Call, worker: &WorkerName) -> Result<(), Fault> {
    call.authorize(|params| params.text("workerGroup", &worker.worker_group).text("workerId", &worker.worker_id))
}

fn described(state: &QueueState, claim: &Claim) -> Object {
    let task_id = claim.status.task_id;
    let credentials =
        credentials::of_run(state, task_id, claim.run_id, &claim.worker, claim.taken_until, &claim.scopes);
    Object::new()
        .field("status", &claim.status)
        .field("runId", &claim.run_id)
        .field("workerGroup", &claim.worker.worker_group)
        .field("workerId", &claim.worker.worker_id)
        .field("takenUntil", &time::format(claim.taken_until))
        .raw("task", &claim.task.0)
        .field("credentials", &credentials)
}
