//! The queue, wherever it runs. Most of its methods are made by `build.rs` (`methods.rs`).

use std::sync::Arc;

use base::Rng;
use bus::Bus;
use protocol::{id::TaskId, status::TaskStatus};

use super::{
    error::QueueError,
    local::LocalQueue,
    remote::RemoteQueue,
    rpc_handler,
    types::{Claim, ClaimWorkRequest, Definition},
};
use crate::kit::{Child, Notifications, PendingNotifier};

/// Cheap to clone; all clones lead to the same queue.
#[derive(Clone)]
pub enum Queue {
    /// Its actors run in this process.
    Local(Arc<LocalQueue>),
    /// Any process with the role `queue` answers.
    Remote(Arc<RemoteQueue>),
}

impl Queue {
    pub async fn task(&self, id: TaskId) -> Result<Definition, QueueError> {
        let found = self.tasks(vec![id]).await?;
        found.into_iter().next().map(|(_, definition)| definition).ok_or(QueueError::NoSuchTask(id))
    }

    pub async fn status(&self, id: TaskId) -> Result<TaskStatus, QueueError> {
        self.statuses(vec![id]).await?.into_iter().next().ok_or(QueueError::NoSuchTask(id))
    }

    /// Waits up to the long-poll time when there is nothing to claim; then the answer is empty. What is answered is
    /// recorded as handed to the worker: the caller must see to it.
    pub async fn claim_work(&self, request: ClaimWorkRequest) -> Result<Vec<Claim>, QueueError> {
        let key = (request.task_queue_id.clone(), request.worker.clone());
        // What is there travels with the claims of other workers; only those that find nothing need a message each, and those that
        // may find much.
        let mut claims = match self {
            Self::Remote(_) if request.count == 1 => self.assign_pending_work(request.clone()).await?,
            Self::Local(_) | Self::Remote(_) => Vec::new(),
        };
        if claims.is_empty() {
            claims = self.assign_work(request).await?;
        }
        if !claims.is_empty() {
            let runs: Vec<_> = claims.iter().map(|claim| (claim.status.task_id, claim.run_id)).collect();
            let (records, clock) = match self {
                Self::Local(local) => (&local.records, &local.clock),
                Self::Remote(remote) => (&remote.records, &remote.clock),
            };
            records.add(key, clock.now(), &runs);
        }
        Ok(claims)
    }

    /// The actors that answer other processes, to be stopped before the queue's own. None where it is remote.
    pub fn rpc_servers(&self, bus: &Arc<dyn Bus>, rng: &Rng) -> Vec<Child> {
        match self {
            Self::Local(local) => rpc_handler::servers(local, bus, rng),
            Self::Remote(_) => Vec::new(),
        }
    }

    /// What the queue notifies after commits, for actors that change tasks as time does.
    pub fn notifications(&self) -> Notifications {
        match self {
            Self::Local(local) => local.notifications.clone(),
            Self::Remote(remote) => remote.notifications.clone(),
        }
    }

    /// For the notification of another process that tasks became pending: wakes claims that wait here, and nothing else.
    pub fn pending_notifier(&self) -> PendingNotifier {
        match self {
            Self::Local(local) => local.pending_notifier(),
            Self::Remote(_) => Arc::new(|_, _| ()),
        }
    }
}
