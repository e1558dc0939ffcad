//! Caches that workers are to delete.

use protocol::{id::TaskQueueId, time::Timestamp};
use sqlx::FromRow;

use crate::{Db, DbError};

/// Caches of this name in this pool that are older are not to be used again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachePurge {
    pub worker_pool_id: TaskQueueId,
    pub cache_name: String,
    pub before: Timestamp,
}

/// Pool and cache.
pub type PurgeKey = (String, String);

impl Db {
    /// `purge_cache`, safe to repeat.
    pub async fn purge_cache(&self, pool: &TaskQueueId, cache_name: &str, now: Timestamp) -> Result<(), DbError> {
        let call = sqlx::query("select purge_cache($1,$2,$3)").bind(&pool.0).bind(cache_name).bind(now);
        call.execute(self.pool()).await?;
        Ok(())
    }

    /// `cache_purges` of one pool, or only those since a time.
    pub async fn cache_purges(
        &self,
        pool: &TaskQueueId,
        since: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Vec<CachePurge>, DbError> {
        let call = sqlx::query_as("select * from cache_purges($1,$2,null,null,null,$3)").bind(&pool.0);
        let rows: Vec<PurgeRow> = call.bind(since).bind(now).fetch_all(self.pool()).await?;
        Ok(rows.into_iter().map(CachePurge::from).collect())
    }

    /// `cache_purges` of all pools, at most `limit` after the given one.
    pub async fn all_cache_purges(
        &self,
        after: Option<&PurgeKey>,
        limit: i32,
        now: Timestamp,
    ) -> Result<Vec<CachePurge>, DbError> {
        let call = sqlx::query_as("select * from cache_purges(null,null,$1,$2,$3,$4)")
            .bind(after.map(|(pool, _)| pool))
            .bind(after.map(|(_, cache)| cache))
            .bind(limit)
            .bind(now);
        let rows: Vec<PurgeRow> = call.fetch_all(self.pool()).await?;
        Ok(rows.into_iter().map(CachePurge::from).collect())
    }
}

#[derive(FromRow)]
struct PurgeRow {
    worker_pool_id: String,
    cache_name: String,
    before: Timestamp,
}

impl From<PurgeRow> for CachePurge {
    fn from(row: PurgeRow) -> Self {
        let PurgeRow { worker_pool_id, cache_name, before } = row;
        Self { worker_pool_id: TaskQueueId(worker_pool_id), cache_name, before }
    }
}
