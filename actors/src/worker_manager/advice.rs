use protocol::id::{TaskQueueId, WorkerName};

use super::{Result, WorkerManager, workers::no_such_worker};

/// Whether a worker with nothing to do is to terminate, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advised {
    pub terminate: bool,
    pub reason: &'static str,
}

impl WorkerManager {
    /// What a worker asks. The newest are kept while the target capacity lasts.
    pub async fn should_terminate(&self, pool: &TaskQueueId, worker: &WorkerName) -> Result<Advised> {
        let advice = self.db.pool_worker_advice(pool, worker, self.clock.now()).await?;
        let advice = advice.ok_or_else(|| no_such_worker(pool, worker))?;
        #[expect(clippy::cast_precision_loss, reason = "capacities are far below 2^52")]
        let newer = advice.newer as f64;
        let (terminate, reason) = match advice.target {
            _ if advice.launch_config_archived => (true, "launch config archived"),
            None => (false, "none"),
            Some(target) if newer < target => (false, "needed"),
            Some(_) => (true, "over capacity"),
        };
        Ok(Advised { terminate, reason })
    }
}
