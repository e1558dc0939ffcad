//! Asks worker-manager whether an idle worker may stop.

use std::time::Duration;

use serde::Deserialize;

use crate::{
    Worker,
    client::{Client, segment},
};

/// Between two questions.
const ASK_INTERVAL: Duration = Duration::from_secs(15);
/// An idle worker whose server does not answer stops after this time.
const UNANSWERED: Duration = Duration::from_mins(15);

pub struct Advisor {
    client: Client,
    path: String,
}

#[derive(Deserialize)]
struct Advice {
    terminate: bool,
    reason: String,
}

impl Advisor {
    /// `client` signs as this worker.
    pub fn new(client: Client, worker_pool_id: &str, worker_group: &str, worker_id: &str) -> Self {
        let names = [worker_pool_id, worker_group, worker_id].map(segment).join("/");
        Self { client, path: format!("worker-manager/v1/workers/{names}") }
    }

    /// Of the worker, at worker-manager.
    pub(super) fn worker_path(&self) -> &str {
        &self.path
    }

    /// Returns, with the reason, once the worker has been idle for so long and is not needed.
    pub async fn until_not_needed(&self, worker: &Worker, idle: Duration) -> String {
        loop {
            let so_far = worker.until_idle(idle).await;
            match self.client.get::<Advice>(&format!("{}/should-terminate", self.path)).await {
                Ok(advice) if advice.terminate => return advice.reason,
                Err(error) if !error.is_transient() => return error.in_full(),
                Err(_) if so_far > UNANSWERED.max(idle) => {
                    return "idle, and worker-manager does not answer".to_owned();
                }
                Ok(_) | Err(_) => {}
            }
            tokio::time::sleep(ASK_INTERVAL.min(idle.max(Duration::from_secs(1)))).await;
        }
    }
}
