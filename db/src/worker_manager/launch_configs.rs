//! Launch configs: `launch_configs_get`, `launch_config_counts`.

use protocol::{id::TaskQueueId, time::Timestamp};
use sqlx::{FromRow, Row, postgres::PgRow};

use super::WorkerCounts;
use crate::{Db, DbError, Rows};

/// A stored launch config.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct LaunchConfigRow {
    pub launch_config_id: String,
    pub is_archived: bool,
    pub configuration: String,
    /// `null` where none was given.
    pub worker_manager: String,
    pub created: Timestamp,
    pub last_modified: Timestamp,
}

/// The workers of a launch config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchConfigCounts {
    /// `None`: workers without one.
    pub launch_config_id: Option<String>,
    pub counts: WorkerCounts,
}

impl Db {
    /// `launch_configs_get`: at most `limit` after the given id.
    pub async fn launch_configs(
        &self,
        pool: &TaskQueueId,
        with_archived: bool,
        after: Option<&str>,
        limit: i32,
    ) -> Result<Rows<LaunchConfigRow>, DbError> {
        let call = sqlx::query("select * from launch_configs_get($1,null,$2,$3,$4)").bind(&pool.0).bind(with_archived);
        let rows = call.bind(after).bind(limit).fetch_all(self.pool()).await?;
        Ok(Rows::read("launch_config", &rows, LaunchConfigRow::from_row))
    }

    /// `launch_configs_get` for one, archived or not.
    pub async fn launch_config(&self, pool: &TaskQueueId, id: &str) -> Result<Option<LaunchConfigRow>, DbError> {
        let call = sqlx::query_as("select * from launch_configs_get($1,$2,true,null,1)").bind(&pool.0).bind(id);
        Ok(call.fetch_optional(self.pool()).await?)
    }

    /// `launch_config_counts`.
    pub async fn launch_config_counts(&self, pool: &TaskQueueId) -> Result<Vec<LaunchConfigCounts>, DbError> {
        let call = sqlx::query("select * from launch_config_counts($1)").bind(&pool.0);
        let rows = call.fetch_all(self.pool()).await?;
        Ok(rows.iter().map(read_counts).collect::<Result<_, _>>()?)
    }
}

fn read_counts(row: &PgRow) -> Result<LaunchConfigCounts, sqlx::Error> {
    let launch_config_id = row.try_get("launch_config_id")?;
    Ok(LaunchConfigCounts { launch_config_id, counts: WorkerCounts::from_row(row)? })
}
