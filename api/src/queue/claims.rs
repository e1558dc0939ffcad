use std::sync::{Arc, PoisonError};

use actors::queue::{
    QueueError, Report,
    types::{Claim, ClaimTaskRequest, ClaimWorkRequest, ReclaimTaskRequest, ReportRequest},
};
use protocol::{
    id::{TaskId, TaskQueueId, WorkerName},
    limits::MAX_AUTHORIZATION_HEADER,
    state::ReasonResolved,
    time,
};
use serde::Deserialize;

use super::{QueueState, credentials};
use crate::http::{ApiError, ApiResult, Call, Object, checked_item, count_unreadable};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClaimBody {
    #[serde(default)]
    tasks: u16,
    #[serde(flatten)]
    worker: WorkerName,
}

/// Waits for tasks. A server that is stopping responds to waiting workers with no tasks, so that they call another one.
pub(super) async fn claim_work(state: Arc<QueueState>, mut call: Call) -> ApiResult {
    let ClaimBody { tasks, worker } = call.body()?;
    authorize_worker(&call, &worker)?;
    let request =
        ClaimWorkRequest { task_queue_id: TaskQueueId(call.param("taskQueueId").to_owned()), worker, count: tasks };
    let claims = tokio::select! {
        biased;
        claims = state.queue.claim_work(request) => claims?,
        () = state.shutdown.wait() => Vec::new(),
    };
    let described =
        claims.iter().filter_map(|claim| described(&state, claim).map_err(|why| end(&state, claim, &why)).ok());
    Ok(Object::new().list("tasks", described).into())
}

/// A run whose claim cannot be sent to its worker is resolved at once. The other claims of the response are sent.
fn end(state: &Arc<QueueState>, claim: &Claim, why: &str) {
    let (task_id, run_id) = (claim.status.task_id, claim.run_id);
    tracing::error!(task.id = %task_id, run.id = run_id, why, "cannot send claim to its worker, run is resolved as malformed-payload");
    count_unreadable("claim");
    let queue = state.queue.clone();
    // Not awaited: the response must neither be late nor time out for this one.
    let mut ending = state.ending.lock().unwrap_or_else(PoisonError::into_inner);
    while ending.try_join_next().is_some() {}
    ending.spawn(async move {
        let report = Report::Exception(ReasonResolved::MalformedPayload);
        if let Err(error) = queue.report(ReportRequest::new(task_id, run_id, report)).await {
            tracing::error!(task.id = %task_id, run.id = run_id, %error, "cannot resolve run, its claim expires");
        }
    });
}

pub(super) async fn claim_task(state: Arc<QueueState>, mut call: Call) -> ApiResult {
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
    let request = ClaimTaskRequest { task_id, run_id: call.run_id(), worker };
    let claim = state.queue.claim_task(request).await?;
    let response = described(&state, &claim).map_err(|why| {
        end(&state, &claim, &why);
        ApiError::conflict(format!("The run cannot be claimed, and ends as malformed-payload: {why}"))
    })?;
    Ok(response.into())
}

pub(super) async fn reclaim_task(state: Arc<QueueState>, call: Call) -> ApiResult {
    let task_id: TaskId = call.parsed("taskId")?;
    let request = ReclaimTaskRequest { task_id, run_id: call.run_id() };
    let claim = state.queue.reclaim_task(request).await?;
    let credentials =
        credentials::of_run(&state, task_id, claim.run_id, &claim.worker, claim.taken_until, &claim.scopes);
    let response = Object::new()
        .field("status", &claim.status)
        .field("runId", &claim.run_id)
        .field("workerGroup", &claim.worker.worker_group)
        .field("workerId", &claim.worker.worker_id)
        .field("takenUntil", &time::format(claim.taken_until))
        .field("credentials", &credentials);
    Ok(response.into())
}

fn authorize_worker(call: &Call, worker: &WorkerName) -> Result<(), ApiError> {
    call.authorize(|params| params.text("workerGroup", &worker.worker_group).text("workerId", &worker.worker_id))
}

fn described(state: &QueueState, claim: &Claim) -> Result<Object, String> {
    let task_id = claim.status.task_id;
    let credentials =
        credentials::of_run(state, task_id, claim.run_id, &claim.worker, claim.taken_until, &claim.scopes);
    if !credentials.fit_into_a_header() {
        return Err(format!("its scopes make credentials that no header of {MAX_AUTHORIZATION_HEADER} bytes can hold"));
    }
    let item = Object::new()
        .field("status", &claim.status)
        .field("runId", &claim.run_id)
        .field("workerGroup", &claim.worker.worker_group)
        .field("workerId", &claim.worker.worker_id)
        .field("takenUntil", &time::format(claim.taken_until))
        .raw("task", &claim.task.0)
        .field("credentials", &credentials);
    checked_item("queue", "task-claim-response", item)
}
