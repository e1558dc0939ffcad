//! Errors that the owners of pools are notified of: `worker_pool_error_emails`, `worker_pool_error_emailed`.

use protocol::time::Timestamp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Db, DbError};

/// An error with whom to notify.
#[derive(Debug, Clone, FromRow)]
pub struct ErrorEmail {
    pub error_id: Uuid,
    pub worker_pool_id: String,
    pub owner: String,
    pub reported: Timestamp,
    pub kind: String,
    pub title: String,
    pub description: String,
    /// JSON.
    pub extra: String,
    pub launch_config_id: Option<String>,
}

impl Db {
    /// `worker_pool_error_emails`: at most `limit`, oldest first.
    pub async fn pool_error_emails(&self, limit: i32) -> Result<Vec<ErrorEmail>, DbError> {
        let call = sqlx::query_as("select * from worker_pool_error_emails($1)").bind(limit);
        Ok(call.fetch_all(self.pool()).await?)
    }

    /// `worker_pool_error_emailed`.
    pub async fn pool_errors_emailed(&self, errors: &[Uuid]) -> Result<(), DbError> {
        sqlx::query("select worker_pool_error_emailed($1)").bind(errors).execute(self.pool()).await?;
        Ok(())
    }
}
