//! Purge-cache: which caches workers are not to use again.
//!
//! Owns: purge requests, in the database, for a day; nothing in memory.
//! Woken by: requests.
//! Emits: nothing; workers ask before they use a cache.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use base::Clock;
pub use db::purge_cache::{CachePurge, PurgeKey};
use db::{Db, DbError};
use protocol::{error::ErrorCode, id::TaskQueueId, time::Timestamp};

use crate::kit::{Page, PageAfter};

/// The purge-cache service.
#[derive(Clone)]
pub struct PurgeCache {
    db: Db,
    clock: Arc<dyn Clock>,
}

#[derive(Debug, thiserror::Error)]
pub enum PurgeError {
    #[error("purge-cache cannot answer just now")]
    Db(#[from] DbError),
}

type Result<T, E = PurgeError> = std::result::Result<T, E>;

impl PurgeCache {
    pub fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }

    /// From now on no worker of the pool uses a cache of this name that it has by now.
    pub async fn purge(&self, pool: &TaskQueueId, cache_name: &str) -> Result<()> {
        Ok(self.db.purge_cache(pool, cache_name, self.clock.now()).await?)
    }

    /// Caches that workers of a pool must not use; those requested since a time, if one is given.
    pub async fn of_pool(&self, pool: &TaskQueueId, since: Option<Timestamp>) -> Result<Vec<CachePurge>> {
        Ok(self.db.cache_purges(pool, since, self.clock.now()).await?)
    }

    /// The same of all pools.
    pub async fn list(&self, page: PageAfter<PurgeKey>) -> Result<Page<CachePurge, PurgeKey>> {
        let rows = self.db.all_cache_purges(page.after.as_ref(), page.rows(), self.clock.now()).await?;
        Ok(Page::cut(rows, page.limit, |purge| (purge.worker_pool_id.0.clone(), purge.cache_name.clone())))
    }
}

impl PurgeError {
    /// The error code of the API.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Db(error) if error.is_retryable() => ErrorCode::ServiceUnavailable,
            Self::Db(_) => ErrorCode::InternalServerError,
        }
    }
}
