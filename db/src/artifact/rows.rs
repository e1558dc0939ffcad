use protocol::{state::StorageType, time::Timestamp};
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

use super::{Artifact, ArtifactCreated, ArtifactEntry};
use crate::{
    DbError,
    blob::{BlobId, unknown_outcome},
};

#[derive(FromRow)]
pub(super) struct CreatedRow {
    outcome: String,
    field: Option<String>,
    expires: Option<Timestamp>,
    project_id: Option<String>,
    worker_group: Option<String>,
    worker_id: Option<String>,
}

impl CreatedRow {
    pub(super) fn read(self) -> Result<ArtifactCreated, DbError> {
        match (self.outcome.as_str(), self.expires) {
            ("written", _) => Ok(ArtifactCreated::Written {
                project_id: self.project_id.unwrap_or_default(),
                worker_group: self.worker_group.unwrap_or_default(),
                worker_id: self.worker_id.unwrap_or_default(),
            }),
            ("no_task", _) => Ok(ArtifactCreated::NoTask),
            ("no_run", _) => Ok(ArtifactCreated::NoRun),
            ("unclaimed", _) => Ok(ArtifactCreated::Unclaimed),
            ("outlives_task", Some(task_expires)) => Ok(ArtifactCreated::OutlivesTask { task_expires }),
            ("run_over", _) => Ok(ArtifactCreated::RunOver),
            ("differs", _) => Ok(ArtifactCreated::Differs(self.field.unwrap_or_default())),
            _ => Err(unknown_outcome("create_artifact", &self.outcome)),
        }
    }
}

#[derive(FromRow)]
pub(super) struct ArtifactRow {
    storage_type: i16,
    content_type: String,
    details: Value,
    present: bool,
    expires: Timestamp,
    content_length: Option<i64>,
    blob_id: Option<Uuid>,
}

impl ArtifactRow {
    pub(super) fn read(self) -> Result<Artifact, DbError> {
        Ok(Artifact {
            storage_type: StorageType::from_code(self.storage_type).map_err(answer)?,
            content_type: self.content_type,
            details: self.details,
            present: self.present,
            expires: self.expires,
            content_length: self.content_length,
            blob: self.blob_id.map(BlobId),
        })
    }
}

#[derive(FromRow)]
pub(super) struct EntryRow {
    name: String,
    storage_type: i16,
    content_type: String,
    expires: Timestamp,
    content_length: Option<i64>,
}

impl EntryRow {
    pub(super) fn read(self) -> Result<ArtifactEntry, DbError> {
        Ok(ArtifactEntry {
            name: self.name,
            storage_type: StorageType::from_code(self.storage_type).map_err(answer)?,
            content_type: self.content_type,
            expires: self.expires,
            content_length: self.content_length,
        })
    }
}

pub(super) fn answer(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> DbError {
    DbError::Answer(cause.into())
}
