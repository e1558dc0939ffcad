use std::sync::Arc;

use actors::worker_manager::{RegisterRequest, Registered, ReregisterRequest, WorkerManager, identity::Proof};
use protocol::{
    id::{TaskQueueId, WorkerName},
    time,
};
use serde::Deserialize;

use crate::http::{ApiResult, Call, Object};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RegisterBody {
    worker_pool_id: TaskQueueId,
    provider_id: String,
    worker_group: String,
    worker_id: String,
    worker_identity_proof: Proof,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReregisterBody {
    worker_pool_id: TaskQueueId,
    worker_group: String,
    worker_id: String,
    secret: String,
}

pub(super) async fn register(manager: Arc<WorkerManager>, mut call: Call) -> ApiResult {
    let body: RegisterBody = call.body()?;
    let RegisterBody { worker_pool_id, provider_id, worker_group, worker_id, worker_identity_proof: proof } = body;
    let worker = WorkerName { worker_group, worker_id };
    let registered = manager.register(RegisterRequest { worker_pool_id, provider_id, worker, proof }).await?;
    Ok(shown(&registered).field("workerConfig", &registered.worker_config).into())
}

pub(super) async fn reregister(manager: Arc<WorkerManager>, mut call: Call) -> ApiResult {
    let ReregisterBody { worker_pool_id, worker_group, worker_id, secret } = call.body()?;
    call.authorize(|params| {
        let params = params.text("workerPoolId", &worker_pool_id.0);
        params.text("workerGroup", &worker_group).text("workerId", &worker_id)
    })?;
    let worker = WorkerName { worker_group, worker_id };
    let registered = manager.reregister(ReregisterRequest { worker_pool_id, worker, secret }).await?;
    Ok(shown(&registered).into())
}

fn shown(registered: &Registered) -> Object {
    Object::new()
        .field("expires", &time::format(registered.expires))
        .field("credentials", &registered.credentials)
        .field("secret", &registered.secret)
}
