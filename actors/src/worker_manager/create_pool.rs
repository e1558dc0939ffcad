use db::worker_manager::PoolCreated;

use super::{Pool, PoolRequest, Result, WorkerManager, WorkerManagerError};

impl WorkerManager {
    /// Creates a pool. A repeat with the same values is fine. `by`: the client, for the history.
    pub async fn create_pool(&self, request: PoolRequest, by: &str) -> Result<Pool> {
        let now = self.clock.now();
        let pool = self.new_pool(request, now)?;
        match self.db.create_worker_pool(&pool, by, now).await? {
            PoolCreated::Now => self.changed(),
            PoolCreated::Before => {}
            PoolCreated::Differs => return Err(WorkerManagerError::PoolExists(pool.worker_pool_id.0)),
            PoolCreated::LaunchConfigDiffers(id) => return Err(WorkerManagerError::LaunchConfigDiffers(id)),
        }
        self.pool(&pool.worker_pool_id).await
    }
}
