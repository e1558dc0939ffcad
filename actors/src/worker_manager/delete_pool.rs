use protocol::id::TaskQueueId;

use super::{Pool, Result, WorkerManager, WorkerManagerError};

impl WorkerManager {
    /// Gives a pool to the null provider. It goes once no worker is left.
    pub async fn delete_pool(&self, id: &TaskQueueId, by: &str) -> Result<Pool> {
        if !self.db.delete_worker_pool(id, by, self.clock.now()).await? {
            return Err(WorkerManagerError::NoSuchPool(id.0.clone()));
        }
        self.changed();
        self.pool(id).await
    }
}
