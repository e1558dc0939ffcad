use std::sync::Arc;

use actors::worker_manager::{NewWorker, PoolWorkerFilter, PoolWorkerRow, WorkerManager};
use protocol::{
    time::{self, Timestamp, wire},
    worker_pool::WorkerState,
};
use serde::Deserialize;

use super::{pool_of, worker_of};
use crate::http::{ApiError, ApiResult, Call, Object};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WorkerBody {
    #[serde(with = "wire")]
    expires: Timestamp,
    #[serde(default = "one")]
    capacity: i64,
    provider_info: Option<ProviderInfo>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProviderInfo {
    static_secret: String,
}

const fn one() -> i64 {
    1
}

pub(super) async fn list(manager: Arc<WorkerManager>, call: Call) -> ApiResult {
    let state = call.query("state").map(state).transpose()?;
    let launch_config_id = call.query("launchConfigId").map(str::to_owned);
    listed(&manager, &call, PoolWorkerFilter { worker_group: None, launch_config_id, state }).await
}

pub(super) async fn list_of_group(manager: Arc<WorkerManager>, call: Call) -> ApiResult {
    let worker_group = Some(call.param("workerGroup").to_owned());
    listed(&manager, &call, PoolWorkerFilter { worker_group, ..PoolWorkerFilter::default() }).await
}

pub(super) async fn get(manager: Arc<WorkerManager>, call: Call) -> ApiResult {
    Ok(shown(&manager.worker(&pool_of(&call), &worker_of(&call)).await?).into())
}

pub(super) async fn create(manager: Arc<WorkerManager>, mut call: Call) -> ApiResult {
    let new = new_worker(&mut call)?;
    Ok(shown(&manager.create_worker(new).await?).into())
}

pub(super) async fn update(manager: Arc<WorkerManager>, mut call: Call) -> ApiResult {
    let new = new_worker(&mut call)?;
    Ok(shown(&manager.update_worker(new).await?).into())
}

pub(super) async fn remove(manager: Arc<WorkerManager>, call: Call) -> ApiResult {
    manager.remove_worker(&pool_of(&call), &worker_of(&call)).await?;
    Ok(Object::new().into())
}

pub(super) async fn should_terminate(manager: Arc<WorkerManager>, call: Call) -> ApiResult {
    let advised = manager.should_terminate(&pool_of(&call), &worker_of(&call)).await?;
    Ok(Object::new().field("terminate", &advised.terminate).field("reason", &advised.reason).into())
}

async fn listed(manager: &WorkerManager, call: &Call, filter: PoolWorkerFilter) -> ApiResult {
    let page = manager.list_workers(&pool_of(call), &filter, call.page()?).await?;
    let token = page.next.map(|worker| call.token(&worker));
    let workers = page.rows.iter().map(shown);
    Ok(Object::new().list("workers", workers).optional("continuationToken", token.as_ref()).into())
}

fn new_worker(call: &mut Call) -> Result<NewWorker, ApiError> {
    let WorkerBody { expires, capacity, provider_info } = call.body()?;
    let static_secret = provider_info.map(|info| info.static_secret);
    Ok(NewWorker { worker_pool_id: pool_of(call), worker: worker_of(call), expires, capacity, static_secret })
}

fn state(word: &str) -> Result<WorkerState, ApiError> {
    let expected = "be requested, running, stopping or stopped";
    word.parse().map_err(|_| ApiError::invalid_field("/query/state", expected, word))
}

fn shown(row: &PoolWorkerRow) -> Object {
    Object::new()
        .field("workerPoolId", &row.worker_pool_id)
        .field("workerGroup", &row.worker.worker_group)
        .field("workerId", &row.worker.worker_id)
        .field("providerId", &row.provider_id)
        .field("created", &time::format(row.created))
        .field("expires", &time::format(row.expires))
        .field("state", &row.state)
        .field("capacity", &row.capacity)
        .field("lastModified", &time::format(row.last_modified))
        .field("lastChecked", &time::format(row.last_checked))
        .optional("launchConfigId", row.launch_config_id.as_ref())
}
