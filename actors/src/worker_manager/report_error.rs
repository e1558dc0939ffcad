use db::worker_manager::NewPoolError;
use protocol::id::{TaskQueueId, WorkerName};
use serde_json::{Map, Value};
use uuid::Builder;

use super::{PoolError, Result, WorkerManager, WorkerManagerError};

/// An error that a worker reports.
#[derive(Debug, Clone)]
pub struct ErrorReport {
    pub worker_pool_id: TaskQueueId,
    pub worker: WorkerName,
    pub kind: String,
    pub title: String,
    pub description: String,
    pub extra: Map<String, Value>,
}

impl WorkerManager {
    /// Stores and publishes an error. Every report is another error.
    pub async fn report_error(&self, report: ErrorReport) -> Result<PoolError> {
        let ErrorReport { worker_pool_id, worker, kind, title, description, mut extra } = report;
        extra.insert("workerGroup".to_owned(), worker.worker_group.clone().into());
        extra.insert("workerId".to_owned(), worker.worker_id.clone().into());
        let (error_id, now) = (Builder::from_random_bytes(self.rng.uuid_bytes()).into_uuid(), self.clock.now());
        let error = NewPoolError {
            error_id,
            worker_pool_id,
            worker: Some(worker),
            launch_config_id: None,
            kind,
            title,
            description,
            extra: Value::Object(extra).to_string(),
        };
        let added = self.db.add_pool_error(&error, now).await?;
        let added = added.ok_or_else(|| WorkerManagerError::NoSuchPool(error.worker_pool_id.0.clone()))?;
        self.changed();
        Ok(PoolError {
            error_id,
            worker_pool_id: error.worker_pool_id,
            reported: now,
            kind: error.kind,
            title: error.title,
            description: error.description,
            extra: error.extra,
            launch_config_id: added.launch_config_id,
        })
    }
}
