//! Workers that the queue has seen.

use db::worker_manager::{KnownWorker, KnownWorkerFilter};
use protocol::{
    id::{TaskQueueId, WorkerName},
    worker_pool::WorkerState,
};

use super::{Result, WorkerManager, WorkerManagerError};
use crate::kit::{Page, PageAfter};

/// Which workers of a queue are asked for.
#[derive(Debug, Clone)]
pub struct KnownWorkersRequest {
    pub task_queue_id: TaskQueueId,
    /// Only those that are quarantined.
    pub quarantined: bool,
    pub launch_config_id: Option<String>,
    /// A word of the API: that of a state, or `standalone`.
    pub state: Option<String>,
    pub page: PageAfter<WorkerName>,
}

/// The state of a worker of which worker-manager has no row.
pub const STANDALONE: &str = "standalone";

impl WorkerManager {
    /// One worker.
    pub async fn known_worker(&self, queue: &TaskQueueId, worker: &WorkerName) -> Result<KnownWorker> {
        let found = self.db.known_worker(queue, worker, self.clock.now()).await?;
        found.ok_or_else(|| super::workers::no_such_worker(queue, worker))
    }

    /// Workers of a queue, in order of group and id.
    pub async fn known_workers(&self, request: KnownWorkersRequest) -> Result<Page<KnownWorker, WorkerName>> {
        let KnownWorkersRequest { task_queue_id, quarantined, launch_config_id, state, page } = request;
        let standalone = state.as_deref() == Some(STANDALONE);
        let state = state.filter(|_| !standalone).map(|word| worker_state(&word)).transpose()?;
        let filter = KnownWorkerFilter { quarantined, launch_config_id, state, standalone };
        let now = self.clock.now();
        let rows = self.db.known_workers(&task_queue_id, &filter, page.after.as_ref(), page.rows(), now).await?;
        Ok(Page::cut(rows, page.limit, |row| row.seen.worker.clone()))
    }
}

fn worker_state(word: &str) -> Result<WorkerState> {
    let expected = "be requested, running, stopping, stopped or standalone";
    let error =
        || WorkerManagerError::Field(crate::FieldError::new("/query/workerState", expected, format!("`{word}`")));
    word.parse().map_err(|_| error())
}
