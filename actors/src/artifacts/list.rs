//! Descriptions of artifacts. They show nothing that needs a scope.

use db::artifact::{ArtifactEntry, ArtifactKey};
use protocol::id::{RunId, TaskId};

use super::{ArtifactError, Artifacts, Result};
use crate::kit::{Page, PageAfter};

/// Artifacts by name; `next` is the last name of this page when more follow.
pub type ArtifactPage = Page<ArtifactEntry, String>;

pub(super) async fn latest_run(artifacts: &Artifacts, task_id: TaskId) -> Result<RunId> {
    let found = artifacts.db.run_of_task(task_id, None).await?;
    Ok(found.ok_or(ArtifactError::NoSuchTask(task_id))?.run_id)
}

pub(super) async fn page(
    artifacts: &Artifacts,
    task_id: TaskId,
    run_id: RunId,
    page: PageAfter<String>,
) -> Result<ArtifactPage> {
    let run = artifacts.db.run_of_task(task_id, Some(run_id)).await?;
    run.ok_or(ArtifactError::NoSuchRun(task_id, run_id))?;
    // One more than asked for tells whether there is a next page.
    let rows = artifacts.db.list_artifacts((task_id, run_id), page.after.as_deref(), page.limit + 1).await?;
    Ok(Page::cut(rows, page.limit, |row| row.name.clone()))
}

/// Also of an expired artifact, but not of one whose content is still to come.
pub(super) async fn info(artifacts: &Artifacts, key: &ArtifactKey) -> Result<ArtifactEntry> {
    let found = artifacts.db.get_artifact(key).await?.filter(|artifact| artifact.present);
    let found = found.ok_or_else(|| ArtifactError::NoSuchArtifact(key.name.clone()))?;
    Ok(ArtifactEntry {
        name: key.name.clone(),
        storage_type: found.storage_type,
        content_type: found.content_type,
        expires: found.expires,
        content_length: found.content_length,
    })
}
