//! Why a request could not be reconciled now.

use actors::artifacts::ArtifactError;
use db::DbError;

use crate::{driver::DriverError, logs::CopyError, queue_client::QueueClientError};

#[derive(Debug, thiserror::Error)]
pub(crate) enum ReconcileError {
    #[error(transparent)]
    Master(#[from] DriverError),
    #[error(transparent)]
    Queue(#[from] QueueClientError),
    #[error("the artifacts of the build could not be stored: {0}")]
    Artifacts(String),
    #[error("the database could not be reached")]
    Db(#[from] DbError),
    /// Another process has changed the row, and made it due again.
    #[error("the request was changed meanwhile")]
    Changed,
}

impl From<CopyError> for ReconcileError {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Master(error) => Self::Artifacts(error.to_string()),
            CopyError::Store(error) => error.into(),
            error @ CopyError::Disk(_) => Self::Artifacts(error.to_string()),
        }
    }
}

impl From<ArtifactError> for ReconcileError {
    fn from(error: ArtifactError) -> Self {
        Self::Artifacts(error.to_string())
    }
}
