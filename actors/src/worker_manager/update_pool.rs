use db::worker_manager::{PoolUpdated, WorkerCounts};

use super::{Pool, PoolRequest, Result, WorkerManager, WorkerManagerError};

impl WorkerManager {
    /// Replaces a pool. The counts of the answer are 0, as in Taskcluster.
    pub async fn update_pool(&self, request: PoolRequest, by: &str) -> Result<Pool> {
        let now = self.clock.now();
        let pool = self.new_pool(request, now)?;
        match self.db.update_worker_pool(&pool, by, now).await? {
            PoolUpdated::Done => self.changed(),
            PoolUpdated::NoSuchPool => return Err(WorkerManagerError::NoSuchPool(pool.worker_pool_id.0)),
            PoolUpdated::LaunchConfigDiffers(id) => return Err(WorkerManagerError::LaunchConfigDiffers(id)),
        }
        let updated = self.pool(&pool.worker_pool_id).await?;
        Ok(Pool { counts: WorkerCounts::default(), ..updated })
    }
}
