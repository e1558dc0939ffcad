//! The endpoints of worker-manager.

mod errors;
mod launch_configs;
mod metadata;
mod pools;
mod providers;
mod provisioning;
mod registration;
mod workers;

use actors::worker_manager::{WorkerManager, WorkerManagerError};
use protocol::{
    error::ErrorCode,
    id::{TaskQueueId, WorkerName},
};

use crate::{
    http::{ApiError, Call, Routes},
    object::chain,
};

pub fn routes(worker_manager: WorkerManager) -> Routes {
    Routes::of("worker-manager", worker_manager)
        .on("listProviders", providers::list)
        .on("createWorkerPool", pools::create)
        .on("updateWorkerPool", pools::update)
        .on("planWorkerPool", pools::plan)
        .on("deleteWorkerPool", pools::delete)
        .on("workerPool", pools::get)
        .on("listWorkerPools", pools::list)
        .on("listWorkerPoolsStats", pools::list_stats)
        .on("listWorkerPoolLaunchConfigs", launch_configs::list)
        .on("workerPoolStats", launch_configs::stats)
        .on("workerPoolProvisioning", provisioning::get)
        .on("pauseWorkerPool", provisioning::pause)
        .on("resumeWorkerPool", provisioning::resume)
        .on("listWorkerPoolDecisions", provisioning::decisions)
        .on("listWorkerPoolLaunches", provisioning::launches)
        .on("reportWorkerError", errors::report)
        .on("listWorkerPoolErrors", errors::list)
        .on("workerPoolErrorStats", errors::stats)
        .on("listWorkersForWorkerPool", workers::list)
        .on("listWorkersForWorkerGroup", workers::list_of_group)
        .on("listWorkersForWorkerGroupWithColon", workers::list_of_group)
        .on("worker", workers::get)
        .on("workerWithColon", workers::get)
        .on("createWorker", workers::create)
        .on("createWorkerWithColon", workers::create)
        .on("updateWorker", workers::update)
        .on("updateWorkerWithColon", workers::update)
        .on("removeWorker", workers::remove)
        .on("shouldWorkerTerminate", workers::should_terminate)
        .on("registerWorker", registration::register)
        .on("reregisterWorker", registration::reregister)
        .on("listWorkers", metadata::list)
        .on("getWorker", metadata::get)
        .build()
}

fn pool_of(call: &Call) -> TaskQueueId {
    TaskQueueId(call.param("workerPoolId").to_owned())
}

fn worker_of(call: &Call) -> WorkerName {
    let param = |name| call.param(name).to_owned();
    WorkerName { worker_group: param("workerGroup"), worker_id: param("workerId") }
}

/// Whom the history names. Deployments may let everybody manage pools.
fn by(call: &Call) -> Result<&str, ApiError> {
    Ok(call.caller()?.client_id.as_deref().unwrap_or("anonymous"))
}

impl From<WorkerManagerError> for ApiError {
    fn from(error: WorkerManagerError) -> Self {
        match error.code() {
            ErrorCode::InternalServerError => Self::internal(chain(&error)),
            code => Self::new(code, error.to_string()).with_field_errors(&error.field_errors()),
        }
    }
}
