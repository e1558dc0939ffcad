//! Launch configs, and counts of their workers.

use db::worker_manager::{LaunchConfigCounts, LaunchConfigRow};
use protocol::{id::TaskQueueId, time::Timestamp};
use serde_json::Value;

use super::{Result, WorkerManager, config};
use crate::kit::{Page, PageAfter};

/// A launch config as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct LaunchConfig {
    pub launch_config_id: String,
    pub is_archived: bool,
    pub configuration: Value,
    pub created: Timestamp,
    pub last_modified: Timestamp,
}

impl WorkerManager {
    /// Launch configs of a pool, in order of their ids.
    pub async fn launch_configs(
        &self,
        pool: &TaskQueueId,
        with_archived: bool,
        page: PageAfter<String>,
    ) -> Result<Page<LaunchConfig, String>> {
        self.pool_row(pool).await?;
        let rows = self.db.launch_configs(pool, with_archived, page.after.as_deref(), page.rows()).await?;
        let Page { rows, next } = Page::cut(rows, page.limit, |row| row.launch_config_id.clone());
        Ok(Page { rows: rows.into_iter().map(read).collect::<Result<_>>()?, next })
    }

    /// The workers of a pool, counted by launch config.
    pub async fn launch_config_stats(&self, pool: &TaskQueueId) -> Result<Vec<LaunchConfigCounts>> {
        self.pool_row(pool).await?;
        Ok(self.db.launch_config_counts(pool).await?)
    }
}

fn read(row: LaunchConfigRow) -> Result<LaunchConfig> {
    Ok(LaunchConfig {
        configuration: config::join_launch_config(&row.configuration, &row.worker_manager)?,
        launch_config_id: row.launch_config_id,
        is_archived: row.is_archived,
        created: row.created,
        last_modified: row.last_modified,
    })
}
