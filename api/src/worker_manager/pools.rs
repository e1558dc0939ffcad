use std::sync::Arc;

use actors::worker_manager::{Pool, PoolOperation, PoolRequest, WorkerCounts, WorkerManager};
use protocol::time;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{by, pool_of, provisioning};
use crate::http::{ApiError, ApiResult, Call, Object};

/// Fields that only the service sets are accepted in an update, and ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PoolBody {
    worker_pool_id: Option<String>,
    provider_id: String,
    description: String,
    config: Map<String, Value>,
    owner: String,
    email_on_error: bool,
}

pub(super) async fn create(manager: Arc<WorkerManager>, mut call: Call) -> ApiResult {
    let request = request(&mut call)?;
    Ok(shown(&manager.create_pool(request, by(&call)?).await?).into())
}

pub(super) async fn update(manager: Arc<WorkerManager>, mut call: Call) -> ApiResult {
    let request = request(&mut call)?;
    Ok(shown(&manager.update_pool(request, by(&call)?).await?).into())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlanBody {
    operation: Operation,
    worker_pool: PoolBody,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Operation {
    Create,
    Update,
}

pub(super) async fn plan(manager: Arc<WorkerManager>, mut call: Call) -> ApiResult {
    let PlanBody { operation, worker_pool } = call.body()?;
    let operation = match operation {
        Operation::Create => PoolOperation::Create,
        Operation::Update => PoolOperation::Update,
    };
    let request = authorized(&mut call, worker_pool)?;
    let planned = manager.plan_pool(operation, request, by(&call)?).await?;
    let provisioning = provisioning::shown(&planned.provisioning).finish();
    Ok(Object::new().raw("workerPool", &shown(&planned.pool).finish()).raw("provisioning", &provisioning).into())
}

pub(super) async fn delete(manager: Arc<WorkerManager>, call: Call) -> ApiResult {
    Ok(shown(&manager.delete_pool(&pool_of(&call), by(&call)?).await?).into())
}

pub(super) async fn get(manager: Arc<WorkerManager>, call: Call) -> ApiResult {
    Ok(shown(&manager.pool(&pool_of(&call)).await?).into())
}

pub(super) async fn list(manager: Arc<WorkerManager>, call: Call) -> ApiResult {
    let page = manager.list_pools(call.page()?).await?;
    let token = page.next.map(|id| call.token(&id));
    let pools = page.rows.iter().map(shown);
    Ok(Object::new().list("workerPools", pools).optional("continuationToken", token.as_ref()).into())
}

pub(super) async fn list_stats(manager: Arc<WorkerManager>, call: Call) -> ApiResult {
    let page = manager.list_pools(call.page()?).await?;
    let token = page.next.map(|id| call.token(&id));
    let stats =
        page.rows.iter().map(|pool| counts(Object::new().field("workerPoolId", &pool.worker_pool_id), &pool.counts));
    Ok(Object::new().list("workerPoolsStats", stats).optional("continuationToken", token.as_ref()).into())
}

fn request(call: &mut Call) -> Result<PoolRequest, ApiError> {
    let body = call.body()?;
    authorized(call, body)
}

/// The scopes name the provider, which is in the body.
fn authorized(call: &mut Call, body: PoolBody) -> Result<PoolRequest, ApiError> {
    call.authorize(|params| params.text("providerId", &body.provider_id))?;
    let worker_pool_id = pool_of(call);
    if body.worker_pool_id.is_some_and(|id| id != worker_pool_id.0) {
        return Err(ApiError::invalid_field("/payload/workerPoolId", "be the one of the path", "another"));
    }
    let PoolBody { provider_id, description, config, owner, email_on_error, .. } = body;
    Ok(PoolRequest { worker_pool_id, provider_id, description, owner, email_on_error, config })
}

fn shown(pool: &Pool) -> Object {
    let object = Object::new()
        .field("workerPoolId", &pool.worker_pool_id)
        .field("providerId", &pool.provider_id)
        .field("description", &pool.description)
        .field("created", &time::format(pool.created))
        .field("lastModified", &time::format(pool.last_modified))
        .field("config", &pool.config)
        .field("owner", &pool.owner)
        .field("emailOnError", &pool.email_on_error);
    counts(object, &pool.counts)
}

/// Counts of workers, as several answers have them.
pub(super) fn counts(object: Object, counts: &WorkerCounts) -> Object {
    object
        .field("currentCapacity", &counts.current_capacity())
        .field("requestedCount", &counts.requested_count)
        .field("runningCount", &counts.running_count)
        .field("stoppingCount", &counts.stopping_count)
        .field("stoppedCount", &counts.stopped_count)
        .field("requestedCapacity", &counts.requested_capacity)
        .field("runningCapacity", &counts.running_capacity)
        .field("stoppingCapacity", &counts.stopping_capacity)
        .field("stoppedCapacity", &counts.stopped_capacity)
}
