//! Artifacts of runs.

mod rows;

use protocol::{
    id::{RunId, TaskId, UploadId},
    state::{StorageType, TaskState},
    time::Timestamp,
};
use serde_json::Value;

use rows::{ArtifactRow, CreatedRow, EntryRow, answer};

use crate::{
    Db, DbError, Rows,
    blob::{BlobId, Content, unknown_outcome},
    object::ContentStored,
};

/// Which artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactKey {
    pub task_id: TaskId,
    pub run_id: RunId,
    pub name: String,
}

/// An artifact to write.
#[derive(Debug, Clone)]
pub struct NewArtifact {
    pub key: ArtifactKey,
    pub storage_type: StorageType,
    pub content_type: String,
    /// What only this storage type knows.
    pub details: Value,
    pub expires: Timestamp,
    pub content_length: Option<i64>,
    /// Trace of the request, for the event.
    pub trace: Option<String>,
}

/// What became of `create_artifact`.
#[derive(Debug, PartialEq, Eq)]
pub enum ArtifactCreated {
    /// New or renewed; tells of the run it belongs to.
    Written {
        project_id: String,
        worker_group: String,
        worker_id: String,
    },
    NoTask,
    NoRun,
    /// No worker ever claimed the run.
    Unclaimed,
    OutlivesTask {
        task_expires: Timestamp,
    },
    RunOver,
    /// There is one of this name, and it differs in this field in a way that a repeat must not.
    Differs(String),
}

/// What became of `finish_artifact`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArtifactFinished {
    Finished,
    Missing,
    NotObject,
    OtherUpload,
    /// The object service has no such finished object.
    Unfinished,
}

/// An artifact as it is stored.
#[derive(Debug, Clone)]
pub struct Artifact {
    pub storage_type: StorageType,
    pub content_type: String,
    pub details: Value,
    pub present: bool,
    pub expires: Timestamp,
    pub content_length: Option<i64>,
    /// Content of an s3 artifact, once it was uploaded.
    pub blob: Option<BlobId>,
}

/// An artifact in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactEntry {
    pub name: String,
    pub storage_type: StorageType,
    pub content_type: String,
    pub expires: Timestamp,
    pub content_length: Option<i64>,
}

/// One run of a task, with what artifacts need to know of both.
#[derive(Debug, Clone)]
pub struct RunOfTask {
    pub run_id: RunId,
    pub state: TaskState,
    pub task_expires: Timestamp,
}

impl Db {
    /// `create_artifact`, safe to repeat.
    pub async fn create_artifact(&self, artifact: &NewArtifact, now: Timestamp) -> Result<ArtifactCreated, DbError> {
        let call = "select outcome, field, expires, project_id, worker_group, worker_id \
                    from create_artifact($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let row = sqlx::query_as(call)
            .bind(artifact.key.task_id.0)
            .bind(artifact.key.run_id)
            .bind(&artifact.key.name)
            .bind(artifact.storage_type.code())
            .bind(&artifact.content_type)
            .bind(&artifact.details)
            .bind(artifact.expires)
            .bind(artifact.content_length)
            .bind(&artifact.trace)
            .bind(now);
        let row: CreatedRow = row.fetch_one(self.pool()).await?;
        row.read()
    }

    /// `finish_artifact`, safe to repeat. `object_name`: where its content should lie.
    pub async fn finish_artifact(
        &self,
        key: &ArtifactKey,
        (object_name, id): (&str, UploadId),
        trace: Option<&str>,
        now: Timestamp,
    ) -> Result<ArtifactFinished, DbError> {
        let outcome: String = sqlx::query_scalar("select finish_artifact($1, $2, $3, $4, $5, $6, $7)")
            .bind(key.task_id.0)
            .bind(key.run_id)
            .bind(&key.name)
            .bind(object_name)
            .bind(id.0)
            .bind(trace)
            .bind(now)
            .fetch_one(self.pool())
            .await?;
        match outcome.as_str() {
            "finished" => Ok(ArtifactFinished::Finished),
            "missing" => Ok(ArtifactFinished::Missing),
            "not_object" => Ok(ArtifactFinished::NotObject),
            "other_upload" => Ok(ArtifactFinished::OtherUpload),
            "unfinished" => Ok(ArtifactFinished::Unfinished),
            _ => Err(unknown_outcome("finish_artifact", &outcome)),
        }
    }

    /// `store_artifact_content`: content of an s3 artifact is whole and lies in the store.
    pub async fn store_artifact_content(
        &self,
        key: &ArtifactKey,
        blob: BlobId,
        content: &Content,
        now: Timestamp,
    ) -> Result<ContentStored, DbError> {
        let outcome: String =
            sqlx::query_scalar("select store_artifact_content($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
                .bind(key.task_id.0)
                .bind(key.run_id)
                .bind(&key.name)
                .bind(blob.0)
                .bind(&content.content_type)
                .bind(&content.content_encoding)
                .bind(content.content_length)
                .bind(&content.sha256)
                .bind(&content.sha512)
                .bind(now)
                .fetch_one(self.pool())
                .await?;
        ContentStored::read("store_artifact_content", &outcome, None)
    }

    /// `get_artifact`. `None`: there is none, finished or not.
    pub async fn get_artifact(&self, key: &ArtifactKey) -> Result<Option<Artifact>, DbError> {
        let row = sqlx::query_as("select * from get_artifact($1, $2, $3)");
        let row = row.bind(key.task_id.0).bind(key.run_id).bind(&key.name);
        let found: Option<ArtifactRow> = row.fetch_optional(self.pool()).await?;
        found.map(ArtifactRow::read).transpose()
    }

    /// `run_of_task`; without a number the last run. `None`: there is no such run, or no such task.
    pub async fn run_of_task(&self, task_id: TaskId, run_id: Option<RunId>) -> Result<Option<RunOfTask>, DbError> {
        let row = sqlx::query_as("select run_id, state, task_expires from run_of_task($1, $2)");
        let row = row.bind(task_id.0).bind(run_id);
        let found: Option<(RunId, i16, Timestamp)> = row.fetch_optional(self.pool()).await?;
        found
            .map(|(run_id, state, task_expires)| {
                let state = TaskState::from_code(state).map_err(answer)?;
                Ok(RunOfTask { run_id, state, task_expires })
            })
            .transpose()
    }

    /// `list_artifacts`: in order of their names, those that follow `after`.
    pub async fn list_artifacts(
        &self,
        (task_id, run_id): (TaskId, RunId),
        after: Option<&str>,
        limit: i64,
    ) -> Result<Rows<ArtifactEntry>, DbError> {
        let rows = sqlx::query_as("select * from list_artifacts($1, $2, $3, $4)");
        let rows = rows.bind(task_id.0).bind(run_id).bind(after).bind(limit);
        let found: Vec<EntryRow> = rows.fetch_all(self.pool()).await?;
        Ok(Rows::read("artifact", found, EntryRow::read))
    }

    /// `incomplete_uploads`: names of artifacts of a run whose content is still to come.
    pub async fn incomplete_uploads(
        &self,
        (task_id, run_id): (TaskId, RunId),
        limit: i32,
        now: Timestamp,
    ) -> Result<Vec<String>, DbError> {
        let names = sqlx::query_scalar("select name from incomplete_uploads($1, $2, $3, $4)");
        Ok(names.bind(task_id.0).bind(run_id).bind(limit).bind(now).fetch_all(self.pool()).await?)
    }

    /// `expire_artifacts`: how many are gone.
    pub async fn expire_artifacts(&self, limit: i32, now: Timestamp) -> Result<i32, DbError> {
        let gone = sqlx::query_scalar("select expire_artifacts($1, $2)").bind(limit).bind(now);
        Ok(gone.fetch_one(self.pool()).await?)
    }
}
