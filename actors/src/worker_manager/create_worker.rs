//! Workers that are made by hand, for providers of type static.

use db::worker_manager::{NewStaticWorker, PoolRow, PoolWorkerRow};
use protocol::{
    id::{TaskQueueId, WorkerName},
    time::Timestamp,
};
use serde_json::{Value, json};

use super::{
    ProviderType, Result, WorkerManager, WorkerManagerError, identity::STATIC_SECRET, secret_purpose,
    workers::no_such_worker,
};

/// A worker as it is to be.
pub struct NewWorker {
    pub worker_pool_id: TaskQueueId,
    pub worker: WorkerName,
    pub expires: Timestamp,
    pub capacity: i64,
    /// What it registers with.
    pub static_secret: Option<String>,
}

impl WorkerManager {
    /// Creates a worker, which runs from now on.
    pub async fn create_worker(&self, new: NewWorker) -> Result<PoolWorkerRow> {
        let (pool, now) = (self.pool_row(&new.worker_pool_id).await?, self.clock.now());
        let new = self.static_worker(&pool, new)?;
        if new.expires <= now {
            return Err(WorkerManagerError::field("expires", "be in the future", "a time in the past"));
        }
        match self.db.create_pool_worker(&new, now).await? {
            Some(true) => self.worker(&new.worker_pool_id, &new.worker).await,
            Some(false) => {
                let WorkerName { worker_group, worker_id } = &new.worker;
                Err(WorkerManagerError::WorkerExists(format!("{}/{worker_group}/{worker_id}", new.worker_pool_id)))
            }
            None => Err(WorkerManagerError::NotOfPool(new.provider_id)),
        }
    }

    /// Replaces expiry, capacity and secret of a worker. It may expire at once.
    pub async fn update_worker(&self, new: NewWorker) -> Result<PoolWorkerRow> {
        let pool = self.pool_row(&new.worker_pool_id).await?;
        let new = self.static_worker(&pool, new)?;
        let updated = self.db.update_pool_worker(&new, self.clock.now()).await?;
        updated.ok_or_else(|| no_such_worker(&new.worker_pool_id, &new.worker))
    }

    fn static_worker(&self, pool: &PoolRow, new: NewWorker) -> Result<NewStaticWorker> {
        let NewWorker { worker_pool_id, worker, expires, capacity, static_secret } = new;
        if self.provider(&pool.provider_id)?.provider_type() != ProviderType::Static {
            return Err(WorkerManagerError::NotStatic(pool.provider_id.clone()));
        }
        let Some(secret) = static_secret else {
            return Err(WorkerManagerError::field("providerInfo", "have a `staticSecret`", "none"));
        };
        let capacity = i32::try_from(capacity)
            .map_err(|_| WorkerManagerError::field("capacity", "be at most 2147483647", capacity.to_string()))?;
        let sealed = self.keys.seal(&secret, &secret_purpose(STATIC_SECRET, &worker_pool_id, &worker), &self.rng);
        let config: Value = serde_json::from_str(&pool.config).map_err(WorkerManagerError::Unreadable)?;
        let lifecycle = config.get("lifecycle").cloned().unwrap_or_else(|| json!({}));
        let (provider_id, provider_data) = (pool.provider_id.clone(), json!({ STATIC_SECRET: sealed }));
        Ok(NewStaticWorker { worker_pool_id, worker, provider_id, capacity, expires, provider_data, lifecycle })
    }
}
