//! What the page shows first: the newest groups, and all queues.
//!
//! Owns: nothing. Woken by: requests. Emits: nothing.

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use base::Clock;
use chrono::TimeDelta;
pub use db::queue::QueueStatsRow;
use db::{Db, DbError, queue::RecentGroupRow};
use protocol::{error::ErrorCode, id::TaskGroupId, state::TaskState, time::Timestamp};
use serde::Deserialize;

use crate::kit::{CallError, Limiter};

const AT_ONCE: usize = 2;
const MAX_QUEUED: usize = 100;
const TIMEOUT: Duration = Duration::from_secs(15);

const GROUPS: i32 = 20;
const QUEUES: i32 = 1000;

/// A worker that was active this long ago is alive.
const ALIVE: TimeDelta = TimeDelta::minutes(5);

/// Reads for the start of the page. Cheap to clone.
#[derive(Clone)]
pub struct Overview {
    db: Db,
    clock: Arc<dyn Clock>,
    limiter: Limiter,
}

/// A group with the words that people know it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecentGroup {
    pub task_group_id: TaskGroupId,
    pub scheduler_id: String,
    pub expires: Timestamp,
    pub sealed: Option<Timestamp>,
    /// In order of the states; those without tasks are left out.
    pub counts: Vec<(TaskState, i64)>,
    /// Of its own task, or else its first one; empty where that cannot be read.
    pub name: String,
    pub owner: String,
    pub source: String,
    pub created: Option<Timestamp>,
}

#[derive(Debug, thiserror::Error)]
pub enum OverviewError {
    #[error("this cannot be read just now; try again")]
    Busy(#[from] CallError),
    #[error("this cannot be read just now")]
    Db(#[from] DbError),
}

#[derive(Deserialize)]
struct Shown {
    #[serde(with = "protocol::time::wire")]
    created: Timestamp,
    metadata: ShownMetadata,
}

#[derive(Deserialize)]
struct ShownMetadata {
    name: String,
    owner: String,
    source: String,
}

impl Overview {
    pub fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock, limiter: Limiter::new(AT_ONCE, MAX_QUEUED) }
    }

    /// The groups that expire last: the newest ones, where tasks are kept equally long.
    pub async fn recent_groups(&self) -> Result<Vec<RecentGroup>, OverviewError> {
        let rows = self.limiter.read(TIMEOUT, self.db.recent_groups(GROUPS)).await??;
        Ok(rows.into_iter().map(described).collect())
    }

    /// Task queues, where most waits first.
    pub async fn queues(&self) -> Result<Vec<QueueStatsRow>, OverviewError> {
        let now = self.clock.now();
        Ok(self.limiter.read(TIMEOUT, self.db.queues_stats(QUEUES, now - ALIVE, now)).await??)
    }
}

fn described(row: RecentGroupRow) -> RecentGroup {
    let shown = row.body.and_then(|body| serde_json::from_str::<Shown>(&body).ok());
    let created = shown.as_ref().map(|shown| shown.created);
    let (name, owner, source) =
        shown.map_or_else(Default::default, |it| (it.metadata.name, it.metadata.owner, it.metadata.source));
    let known = |(code, count): (i16, i64)| Some((TaskState::from_code(code).ok()?, count));
    let mut counts: Vec<_> = row.counts.into_iter().filter_map(known).collect();
    counts.sort_unstable();
    RecentGroup {
        task_group_id: row.task_group_id,
        scheduler_id: row.scheduler_id,
        expires: row.expires,
        sealed: row.sealed,
        counts,
        name,
        owner,
        source,
        created,
    }
}

impl OverviewError {
    /// The error code of the API.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Busy(_) => ErrorCode::ServiceUnavailable,
            Self::Db(error) if error.is_retryable() => ErrorCode::ServiceUnavailable,
            Self::Db(_) => ErrorCode::InternalServerError,
        }
    }
}
