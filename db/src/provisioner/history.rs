//! What was decided and launched, for people, and how long it is kept.

use protocol::{time::Timestamp, worker_pool::LaunchState};
use sqlx::{FromRow, Row, postgres::PgRow};
use uuid::Uuid;

use crate::{Db, DbError, Rows};

#[derive(Debug, Clone, FromRow)]
pub struct DecisionRow {
    pub worker_pool_id: String,
    pub at: Timestamp,
    /// JSON.
    pub decision: String,
}

/// The place of a launch in the list.
pub type LaunchKey = (Timestamp, Uuid);

#[derive(Debug, Clone)]
pub struct LaunchHistoryRow {
    pub launch_id: Uuid,
    pub launch_config_id: String,
    pub provider_id: String,
    pub region: String,
    pub state: LaunchState,
    pub instances: i32,
    pub capacity: i32,
    pub created: Timestamp,
    pub since: Timestamp,
    pub attempts: i32,
    pub failure_class: Option<String>,
    pub result: Option<String>,
}

impl Db {
    /// `provision_decisions`: at most `limit` decisions up to a time, the newest first.
    pub async fn provision_decisions(
        &self,
        pool: &str,
        until: Timestamp,
        limit: i32,
    ) -> Result<Vec<DecisionRow>, DbError> {
        let call = sqlx::query_as("select * from provision_decisions($1,$2,$3)").bind(pool).bind(until).bind(limit);
        Ok(call.fetch_all(self.pool()).await?)
    }

    /// `launches_of_pool`: the newest first, at most `limit` after the given one.
    pub async fn launches_of_pool(
        &self,
        pool: &str,
        after: Option<&LaunchKey>,
        limit: i32,
    ) -> Result<Rows<LaunchHistoryRow>, DbError> {
        let call = sqlx::query("select * from launches_of_pool($1,$2,$3,$4)").bind(pool);
        let call = call.bind(after.map(|(created, _)| *created)).bind(after.map(|(_, id)| *id)).bind(limit);
        let rows = call.fetch_all(self.pool()).await?;
        Ok(Rows::read("launch", &rows, LaunchHistoryRow::from_row))
    }

    /// `provision_pause`: a pool, or one launch config of it. `None` for `until` resumes it. False: there is none of that name.
    pub async fn provision_pause(
        &self,
        pool: &str,
        launch_config: Option<&str>,
        until: Option<Timestamp>,
        reason: Option<&str>,
        by: &str,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let call = sqlx::query_scalar("select provision_pause($1,$2,$3,$4,$5,$6)").bind(pool).bind(launch_config);
        Ok(call.bind(until).bind(reason).bind(by).bind(now).fetch_one(self.pool()).await?)
    }

    /// `provision_expire`: deletes decisions and ended launches from before a time; how many.
    pub async fn provision_expire(&self, before: Timestamp, limit: i32) -> Result<i64, DbError> {
        let call = sqlx::query_scalar("select provision_expire($1,$2)").bind(before).bind(limit);
        Ok(call.fetch_one(self.pool()).await?)
    }
}

impl FromRow<'_, PgRow> for LaunchHistoryRow {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let code: i16 = row.try_get("state")?;
        Ok(Self {
            launch_id: row.try_get("launch_id")?,
            launch_config_id: row.try_get("launch_config_id")?,
            provider_id: row.try_get("provider_id")?,
            region: row.try_get("region")?,
            state: LaunchState::from_code(code).map_err(|error| sqlx::Error::Decode(error.into()))?,
            instances: row.try_get("instances")?,
            capacity: row.try_get("capacity")?,
            created: row.try_get("created")?,
            since: row.try_get("since")?,
            attempts: row.try_get("attempts")?,
            failure_class: row.try_get("failure_class")?,
            result: row.try_get("result")?,
        })
    }
}
