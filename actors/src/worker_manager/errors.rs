//! Errors of pools are read and counted.

use std::collections::BTreeMap;

use db::worker_manager::{ErrorKey, PoolErrorFilter, PoolErrorRow};
use protocol::{id::TaskQueueId, time::Timestamp};
use uuid::Uuid;

use super::{Result, WorkerManager};
use crate::kit::{Page, PageAfter};

/// An error as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolError {
    pub error_id: Uuid,
    pub worker_pool_id: TaskQueueId,
    pub reported: Timestamp,
    pub kind: String,
    pub title: String,
    pub description: String,
    /// JSON of an object.
    pub extra: String,
    pub launch_config_id: Option<String>,
}

/// How many errors, all of the last seven days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorStats {
    pub total: i64,
    /// By days back from now, and by hours of the last day.
    pub daily: BTreeMap<i64, i64>,
    pub hourly: BTreeMap<i64, i64>,
    pub title: BTreeMap<String, i64>,
    pub code: BTreeMap<String, i64>,
    pub worker_pool: BTreeMap<String, i64>,
    pub launch_config: BTreeMap<String, i64>,
}

/// Of titles, codes, pools and launch configs only the most frequent are counted.
const MAX_COUNTED: i32 = 1000;

impl WorkerManager {
    /// Errors of a pool, newest first.
    pub async fn errors(
        &self,
        pool: &TaskQueueId,
        filter: &PoolErrorFilter,
        page: PageAfter<ErrorKey>,
    ) -> Result<Page<PoolError, ErrorKey>> {
        let rows = self.db.pool_errors(pool, filter, page.after.as_ref(), page.rows()).await?;
        Ok(Page::cut(rows, page.limit, |row| (row.reported, row.error_id)).map(read))
    }

    /// Counts of the errors of one pool, or of all.
    pub async fn error_stats(&self, pool: Option<&TaskQueueId>) -> Result<ErrorStats> {
        let mut stats = ErrorStats::default();
        for row in self.db.pool_error_counts(pool, MAX_COUNTED, self.clock.now()).await? {
            let number = || row.key.parse().unwrap_or_default();
            match row.what.as_str() {
                "total" => stats.total = row.count,
                "day" => drop(stats.daily.insert(number(), row.count)),
                "hour" => drop(stats.hourly.insert(number(), row.count)),
                "title" => drop(stats.title.insert(row.key, row.count)),
                "code" => drop(stats.code.insert(row.key, row.count)),
                "pool" => drop(stats.worker_pool.insert(row.key, row.count)),
                _ => drop(stats.launch_config.insert(row.key, row.count)),
            }
        }
        Ok(stats)
    }
}

fn read(row: PoolErrorRow) -> PoolError {
    PoolError {
        error_id: row.error_id,
        worker_pool_id: TaskQueueId(row.worker_pool_id),
        reported: row.reported,
        kind: row.kind,
        title: row.title,
        description: row.description,
        extra: row.extra,
        launch_config_id: row.launch_config_id,
    }
}
