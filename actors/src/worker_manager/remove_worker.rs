use protocol::id::{TaskQueueId, WorkerName};

use super::{ProviderType, Result, WorkerManager, WorkerManagerError, workers::no_such_worker};

/// In `worker-removed`, as in Taskcluster.
const REASON: &str = "workerManager.removeWorker API call";

impl WorkerManager {
    /// Has the worker's own provider stop it, which may be an earlier one of its pool. Safe to repeat.
    pub async fn remove_worker(&self, pool: &TaskQueueId, worker: &WorkerName) -> Result<()> {
        let row = self.worker(pool, worker).await?;
        let provider = self.provider(&row.provider_id)?;
        match provider.provider_type() {
            ProviderType::Null => Err(WorkerManagerError::NotRemovable(row.provider_id)),
            ProviderType::Static => self.stop(pool, worker).await,
            _ => self.remove(pool, worker).await,
        }
    }

    /// There is no machine that anybody could stop.
    async fn stop(&self, pool: &TaskQueueId, worker: &WorkerName) -> Result<()> {
        let found = self.db.stop_pool_worker(pool, worker, REASON, self.clock.now()).await?;
        if found { Ok(()) } else { Err(no_such_worker(pool, worker)) }
    }

    async fn remove(&self, pool: &TaskQueueId, worker: &WorkerName) -> Result<()> {
        let removed = self.db.remove_pool_worker(pool, worker, REASON, self.clock.now()).await?;
        let removed = removed.ok_or_else(|| no_such_worker(pool, worker))?;
        if removed.runs > 0 {
            self.notifications.tasks_resolved(&removed.newly_pending);
        }
        self.changed();
        Ok(())
    }
}
