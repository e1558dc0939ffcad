//! What can be done with a task or a group: the actions that its decision task offers, and the hooks of the group `drover`.
//!
//! Owns: nothing. Woken by: requests. Emits: nothing: whoever runs an action triggers its hook, and needs the scope for that.
//!
//! A list is written by its decision task, and read by people who may do more. So an action counts only if the scopes of the decision
//! task allow it to offer the hook.

mod error;
mod offer;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use base::Rng;
use protocol::{
    error::ErrorCode,
    id::{TaskGroupId, TaskId},
    scope::ScopeSet,
};
use serde_json::{Value, json};
use tokio::{sync::Semaphore, time::timeout};

use crate::{
    actions_json::{ARTIFACT, MAX_BYTES, Target},
    artifacts::{ArtifactError, ArtifactKey, Artifacts},
    auth::Clients,
    queue::{Queue, QueueError},
};
pub use error::OfferError;
use offer::Source;
pub use offer::{Offer, Offered, OfferedAction};

/// Lists that are held in memory at the same time.
const AT_ONCE: usize = 4;
const QUEUE_TIMEOUT: Duration = Duration::from_secs(5);
const READ_TIMEOUT: Duration = Duration::from_secs(10);

type Result<T, E = OfferError> = std::result::Result<T, E>;

/// Finds actions. Cheap to clone.
#[derive(Clone)]
pub struct OfferedActions {
    queue: Queue,
    artifacts: Artifacts,
    /// Knows the roles of a decision task.
    clients: Clients,
    rng: Rng,
    permits: Arc<Semaphore>,
}

impl OfferedActions {
    pub fn new(queue: Queue, artifacts: Artifacts, clients: Clients, rng: Rng) -> Self {
        Self { queue, artifacts, clients, rng, permits: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// What is offered for the group, or for one of its tasks. `allow` says which artifacts may be read, as a list may be a link to
    /// another one. What remains to be done with the answer keeps a processor busy.
    pub async fn read(
        &self,
        group: TaskGroupId,
        task_id: Option<TaskId>,
        allow: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<Offer> {
        let permit = timeout(QUEUE_TIMEOUT, self.permits.clone().acquire_owned()).await;
        let permit = permit.map_err(|_| OfferError::Busy)?.map_err(|_| OfferError::Busy)?;
        let read = async {
            let task = match task_id {
                Some(task_id) => Some((task_id, self.member(group, task_id).await?)),
                None => None,
            };
            let target = Target { task_group_id: group, task };
            Ok::<_, OfferError>((target, self.source(TaskId(group.0), allow).await?))
        };
        let (target, source) = timeout(READ_TIMEOUT, read).await.map_err(|_| OfferError::Slow(READ_TIMEOUT))??;
        let new_task_id = TaskId::from_random(self.rng.uuid_bytes());
        Ok(Offer { target, source, new_task_id, _permit: permit })
    }

    /// A task of this group.
    async fn member(&self, wanted: TaskGroupId, task_id: TaskId) -> Result<Value> {
        let task = self.definition(task_id).await?;
        if task["taskGroupId"] == json!(wanted) {
            return Ok(task);
        }
        Err(OfferError::OtherGroup { task_id, wanted })
    }

    async fn definition(&self, task_id: TaskId) -> Result<Value> {
        let text = self.queue.task(task_id).await?.0;
        serde_json::from_str(&text).map_err(|error| OfferError::Unreadable(task_id, error))
    }

    /// The list of a decision task, and what that task may do. A group without one has none.
    async fn source(&self, decision_task: TaskId, allow: &(dyn Fn(&str) -> bool + Sync)) -> Result<Source> {
        let definition = match self.definition(decision_task).await {
            Ok(definition) if definition["taskGroupId"] == json!(decision_task) => definition,
            Ok(_) | Err(OfferError::Queue(QueueError::NoSuchTask(_))) => return Ok(Source::None),
            Err(error) => return Err(error),
        };
        match self.text(decision_task, allow).await {
            Ok(text) => Ok(Source::List { text, held: self.held(&definition)? }),
            Err(error) => match error.code() {
                ErrorCode::ResourceNotFound | ErrorCode::ResourceExpired => Ok(Source::None),
                ErrorCode::ServiceUnavailable | ErrorCode::InternalServerError => {
                    Err(OfferError::Artifact(decision_task, error))
                }
                _ => Ok(Source::Unusable(OfferError::Artifact(decision_task, error).to_string())),
            },
        }
    }

    async fn text(&self, task_id: TaskId, allow: &(dyn Fn(&str) -> bool + Sync)) -> Result<Vec<u8>, ArtifactError> {
        let run_id = self.artifacts.latest_run(task_id).await?;
        let key = ArtifactKey { task_id, run_id, name: ARTIFACT.to_owned() };
        self.artifacts.read(&self.artifacts.follow(key, allow).await?, MAX_BYTES as u64).await
    }

    fn held(&self, decision: &Value) -> Result<Arc<ScopeSet>> {
        let scopes: Vec<String> = serde_json::from_value(decision["scopes"].clone()).unwrap_or_default();
        self.clients.now().powers_with(&scopes).map_err(|error| OfferError::TooManyScopes(error.to_string()))
    }
}
