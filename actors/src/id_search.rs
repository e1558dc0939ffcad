//! Finds tasks and task groups by the first letters of their ids.
//!
//! Owns: nothing. Woken by: requests. Emits: nothing.

#[cfg(test)]
mod tests;

use db::{Db, DbError};
use protocol::{
    error::ErrorCode,
    id::{IdPrefix, TaskGroupId, TaskId},
};

/// One more than are worth showing: a caller sees that there are more.
const LIMIT: i32 = 6;

/// Reads the primary keys, so a search costs the same however many tasks there are.
#[derive(Clone)]
pub struct IdSearch(Db);

/// Ids that begin with a prefix, in order, at most six of each kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundIds {
    pub tasks: Vec<TaskId>,
    pub task_groups: Vec<TaskGroupId>,
}

#[derive(Debug, thiserror::Error)]
pub enum IdSearchError {
    #[error("ids cannot be searched just now")]
    Db(#[from] DbError),
}

impl IdSearch {
    pub const fn new(db: Db) -> Self {
        Self(db)
    }

    pub async fn find(&self, prefix: &IdPrefix) -> Result<FoundIds, IdSearchError> {
        let (tasks, task_groups) = self.0.find_ids(prefix, LIMIT).await?;
        Ok(FoundIds { tasks, task_groups })
    }
}

impl IdSearchError {
    /// The error code of the API.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Db(error) if error.is_retryable() => ErrorCode::ServiceUnavailable,
            Self::Db(_) => ErrorCode::InternalServerError,
        }
    }
}
