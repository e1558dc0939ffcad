//! Artifacts: what the runs of tasks leave behind, by name.
//!
//! Owns: artifacts, in the database; nothing in memory.
//! Woken by: requests, and the sweep that calls [`expire`].
//! Emits: `artifact-created`, through the outbox.

mod check;
mod create;
mod error;
mod finish;
mod follow;
mod list;
mod read;
mod store;
mod sweep;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use base::{Clock, Rng};
pub use create::{ArtifactBody, Created, ErrorReason, ObjectUpload};
use db::Db;
pub use db::artifact::{ArtifactEntry, ArtifactKey};
pub use error::ArtifactError;
pub use follow::{Found, Location};
pub use list::ArtifactPage;
use protocol::{
    id::{RunId, TaskId, UploadId},
    time::Timestamp,
};

use crate::{
    kit::PageAfter,
    object::{ObjectError, Objects, Swept},
};

/// Artifacts of all runs.
#[derive(Clone)]
pub struct Artifacts {
    db: Db,
    clock: Arc<dyn Clock>,
    rng: Rng,
    objects: Objects,
}

/// Temporary credentials to issue, in the name of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialsOrder {
    pub client_id: String,
    pub scopes: Vec<String>,
    pub expires: Timestamp,
}

type Result<T, E = ArtifactError> = std::result::Result<T, E>;

impl Artifacts {
    pub fn new(db: Db, clock: Arc<dyn Clock>, rng: Rng, objects: Objects) -> Self {
        Self { db, clock, rng, objects }
    }

    /// Writes an artifact, or renews it as far as a repeat may.
    pub async fn create(&self, key: ArtifactKey, expires: Timestamp, body: ArtifactBody) -> Result<Created> {
        create::run(self, key, expires, body, false).await
    }

    /// As `create`; but an unfinished upload under this name is resumed, by whoever may begin one.
    pub async fn create_or_resume(&self, key: ArtifactKey, expires: Timestamp, body: ArtifactBody) -> Result<Created> {
        create::run(self, key, expires, body, true).await
    }

    /// Writes an artifact together with its content, for those in this process. Safe to repeat.
    pub async fn store<S, E>(&self, key: ArtifactKey, expires: Timestamp, content_type: &str, body: S) -> Result<()>
    where
        S: futures_util::Stream<Item = Result<bytes::Bytes, E>> + Send + Unpin,
        E: std::fmt::Display,
    {
        store::run(self, key, expires, content_type, body).await
    }

    /// Makes an object artifact present, once its object is finished. Safe to repeat.
    pub async fn finish(&self, key: &ArtifactKey, upload_id: UploadId) -> Result<()> {
        finish::run(self, key, upload_id).await
    }

    /// The number of the last run of a task.
    pub async fn latest_run(&self, task_id: TaskId) -> Result<RunId> {
        list::latest_run(self, task_id).await
    }

    /// Finds the artifact of a name, through links. `allow` decides about every name on the way, before it is looked up;
    /// the first refusal ends the search.
    pub async fn follow(&self, key: ArtifactKey, allow: &(dyn Fn(&str) -> bool + Sync)) -> Result<Found> {
        follow::run(self, key, allow).await
    }

    /// The content behind what was found, decoded, for those in this process; none is held that is longer.
    pub async fn read(&self, found: &Found, max_bytes: u64) -> Result<Vec<u8>> {
        read::run(self, found, max_bytes).await
    }

    /// Describes one artifact; links are not followed.
    pub async fn info(&self, key: &ArtifactKey) -> Result<ArtifactEntry> {
        list::info(self, key).await
    }

    /// Artifacts of a run in order of their names.
    pub async fn list(&self, task_id: TaskId, run_id: RunId, page: PageAfter<String>) -> Result<ArtifactPage> {
        list::page(self, task_id, run_id, page).await
    }

    /// Where any HTTP client can read what was found; `None` for an error artifact.
    pub async fn location(&self, found: &Found) -> Result<Option<Location>> {
        follow::location(self, found).await
    }

    /// Name of the object behind an object artifact, and credentials to download it from the object service.
    pub fn object_access(&self, key: &ArtifactKey) -> (String, CredentialsOrder) {
        (object_name(key), follow::credentials(self, key))
    }

    /// The objects behind them.
    pub const fn objects(&self) -> &Objects {
        &self.objects
    }
}

/// One step of the sweep over artifacts, objects and stored content, at most 500 rows of each kind. To be repeated until
/// nothing was expired.
pub async fn expire(objects: &Objects) -> Result<Swept, ObjectError> {
    objects.expire().await
}

/// Where the object service keeps the content of an object artifact.
pub fn object_name(key: &ArtifactKey) -> String {
    format!("t/{}/{}/{}", key.task_id, key.run_id, key.name)
}
