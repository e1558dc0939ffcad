//! Workers of pools are read.

use db::worker_manager::{PoolWorkerFilter, PoolWorkerRow};
use protocol::id::{TaskQueueId, WorkerName};

use super::{Result, WorkerManager, WorkerManagerError};
use crate::kit::{Page, PageAfter};

impl WorkerManager {
    /// One worker.
    pub async fn worker(&self, pool: &TaskQueueId, worker: &WorkerName) -> Result<PoolWorkerRow> {
        self.db.pool_worker(pool, worker).await?.ok_or_else(|| no_such_worker(pool, worker))
    }

    /// Workers of a pool, in order of group and id.
    pub async fn list_workers(
        &self,
        pool: &TaskQueueId,
        filter: &PoolWorkerFilter,
        page: PageAfter<WorkerName>,
    ) -> Result<Page<PoolWorkerRow, WorkerName>> {
        self.pool_row(pool).await?;
        let rows = self.db.pool_workers(pool, filter, page.after.as_ref(), page.rows()).await?;
        Ok(Page::cut(rows, page.limit, |row| row.worker.clone()))
    }
}

pub(super) fn no_such_worker(pool: &TaskQueueId, worker: &WorkerName) -> WorkerManagerError {
    WorkerManagerError::NoSuchWorker(format!("{pool}/{}/{}", worker.worker_group, worker.worker_id))
}
