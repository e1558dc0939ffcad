//! Problems of the worker itself, which operators read among the errors of its worker pool.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::{
    client::{Client, segment},
    runner::{RunnerSender, WorkerMessage},
};

/// The same problem is reported once in this time: a worker that cannot run tasks claims one after the other.
const MIN_INTERVAL: Duration = Duration::from_mins(10);
/// A report never holds the worker up for longer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// `kind` of all of them, as generic-worker has it.
const KIND: &str = "worker-error";

/// Where reports go. Cheap to clone; clones share what was reported.
#[derive(Clone)]
pub struct ErrorReporter {
    target: Target,
    reported: Arc<Mutex<BTreeMap<String, Instant>>>,
}

#[derive(Clone)]
enum Target {
    /// A worker of no pool.
    None,
    Runner(RunnerSender),
    WorkerManager {
        client: Box<Client>,
        worker_pool_id: String,
        worker_group: String,
        worker_id: String,
    },
}

impl ErrorReporter {
    /// To nobody: what is reported is in the log.
    pub fn none() -> Self {
        Self::to(Target::None)
    }

    /// To worker-runner, which reports to worker-manager.
    pub fn runner(sender: RunnerSender) -> Self {
        Self::to(Target::Runner(sender))
    }

    pub(crate) fn worker_manager(client: Client, worker_pool_id: &str, worker_group: &str, worker_id: &str) -> Self {
        Self::to(Target::WorkerManager {
            client: Box::new(client),
            worker_pool_id: worker_pool_id.to_owned(),
            worker_group: worker_group.to_owned(),
            worker_id: worker_id.to_owned(),
        })
    }

    fn to(target: Target) -> Self {
        Self { target, reported: Arc::default() }
    }

    /// Reports a problem, with what it is about as `extra`. Whether that works changes nothing for the worker.
    pub async fn report(&self, title: &str, description: &str, extra: Map<String, Value>) {
        if matches!(self.target, Target::None) || !self.is_due(title) {
            return;
        }
        if tokio::time::timeout(TIMEOUT, self.send(title, description, extra)).await.is_err() {
            tracing::warn!(title, "a problem of this worker could not be reported in time");
        }
    }

    fn is_due(&self, title: &str) -> bool {
        let (mut reported, now) = (self.reported.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
        reported.retain(|_, at| *at + MIN_INTERVAL > now);
        reported.insert(title.to_owned(), now).is_none()
    }

    async fn send(&self, title: &str, description: &str, extra: Map<String, Value>) {
        match &self.target {
            Target::None => {}
            Target::Runner(sender) => {
                let (kind, title, description) = (KIND.to_owned(), title.to_owned(), description.to_owned());
                sender.send(&WorkerMessage::ErrorReport { kind, title, description, extra }).await;
            }
            Target::WorkerManager { client, worker_pool_id, worker_group, worker_id } => {
                let body = json!({
                    "workerGroup": worker_group, "workerId": worker_id,
                    "kind": KIND, "title": title, "description": description, "extra": extra,
                });
                let path = format!("worker-manager/v1/worker-pool-errors/{}", segment(worker_pool_id));
                if let Err(error) = client.post::<Value>(&path, &body).await {
                    tracing::warn!(error = error.in_full(), title, "a problem of this worker could not be reported");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_same_problem_is_reported_once_in_a_while() {
        let reporter = ErrorReporter::none();
        assert!(reporter.is_due("one") && reporter.is_due("two"));
        assert!(!reporter.clone().is_due("one"));
    }
}
