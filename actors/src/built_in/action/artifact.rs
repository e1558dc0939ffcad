//! Artifacts that an action reads.

use db::artifact::ArtifactKey;
use protocol::{error::ErrorCode, id::TaskId, reference::ScopeParams};

use super::{ActionError, Caller, Result};
use crate::artifacts::ArtifactError;

impl Caller<'_> {
    /// An artifact of a task's last run; `None` where there is none.
    pub(super) async fn artifact(&self, task_id: TaskId, name: &str, max_bytes: u64) -> Result<Option<Vec<u8>>> {
        self.may("getLatestArtifact", ScopeParams::new().list("names", [name])).await?;
        match self.read_artifact(task_id, name, max_bytes).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if matches!(error.code(), ErrorCode::ResourceNotFound | ErrorCode::ResourceExpired) => Ok(None),
            Err(error) => Err(ActionError::Artifact { task_id, name: name.to_owned(), error }),
        }
    }

    async fn read_artifact(&self, task_id: TaskId, name: &str, max_bytes: u64) -> Result<Vec<u8>, ArtifactError> {
        let (artifacts, held) = (&self.actions.artifacts, self.actions.clients.now().powers_with(self.scopes));
        let key = ArtifactKey { task_id, run_id: artifacts.latest_run(task_id).await?, name: name.to_owned() };
        // A link leads to a name that needs a scope of its own.
        let allow =
            move |name: &str| held.as_ref().is_ok_and(|held| held.satisfies(&format!("queue:get-artifact:{name}")));
        artifacts.read(&artifacts.follow(key, &allow).await?, max_bytes).await
    }
}
