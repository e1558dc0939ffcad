//! A whole task group at once, for views of it.
//!
//! Owns: nothing. Woken by: requests. Emits: nothing.

#[cfg(test)]
mod tests;

use std::time::Duration;

use db::{Db, DbError, queue::SnapshotRow};
use protocol::{
    error::ErrorCode,
    group_snapshot::{GroupSnapshot, SnapshotBuilder, SnapshotGroup, SnapshotTask},
    id::TaskGroupId,
};

use crate::kit::{CallError, Limiter};

/// Each reads up to many megabytes.
const AT_ONCE: usize = 3;
const MAX_QUEUED: usize = 100;
const TIMEOUT: Duration = Duration::from_secs(20);

/// Reads groups. Cheap to clone.
#[derive(Clone)]
pub struct GroupSnapshots {
    db: Db,
    limiter: Limiter,
}

#[derive(Debug, thiserror::Error)]
pub enum GroupSnapshotError {
    #[error("there is no task group {0}, or it has expired")]
    NoSuchGroup(TaskGroupId),
    #[error("the group cannot be read just now; try again")]
    Busy(#[from] CallError),
    #[error("the group cannot be read just now")]
    Db(#[from] DbError),
}

impl GroupSnapshots {
    pub fn new(db: Db) -> Self {
        Self { db, limiter: Limiter::new(AT_ONCE, MAX_QUEUED) }
    }

    /// The group, and the position of the event log from which on a follower misses nothing: it is read first, so that an
    /// event may be in both, and in no case in neither.
    pub async fn read(&self, id: TaskGroupId) -> Result<GroupSnapshot, GroupSnapshotError> {
        self.limiter.read(TIMEOUT, self.read_now(id)).await?
    }

    async fn read_now(&self, id: TaskGroupId) -> Result<GroupSnapshot, GroupSnapshotError> {
        let at = self.db.event_log().await?.last;
        let group = self.db.task_group(id).await?.ok_or(GroupSnapshotError::NoSuchGroup(id))?;
        let mut builder = SnapshotBuilder::default();
        self.db.group_snapshot(id, |row| builder.push(task(row))).await?;
        Ok(builder.finish(at, |created| SnapshotGroup {
            task_group_id: id,
            scheduler_id: group.scheduler_id,
            sealed: group.sealed,
            expires: group.expires,
            created,
        }))
    }
}

fn task(row: SnapshotRow) -> SnapshotTask {
    SnapshotTask {
        id: row.task_id,
        state: row.state,
        reason: row.reason_resolved,
        priority: row.priority,
        runs: row.run_id.saturating_add(1),
        task_queue_id: row.task_queue_id,
        scheduled: row.scheduled,
        started: row.started,
        resolved: row.resolved,
        definition: row.body,
    }
}

impl GroupSnapshotError {
    /// The error code of the API.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NoSuchGroup(_) => ErrorCode::ResourceNotFound,
            Self::Busy(_) => ErrorCode::ServiceUnavailable,
            Self::Db(error) if error.is_retryable() => ErrorCode::ServiceUnavailable,
            Self::Db(_) => ErrorCode::InternalServerError,
        }
    }
}
