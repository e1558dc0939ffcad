//! Demand as it was, for simulations: `provision_demand`.

use protocol::time::Timestamp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Db, DbError};

/// A task that has run.
#[derive(Debug, Clone, FromRow)]
pub struct DemandRow {
    pub task_id: Uuid,
    pub task_queue_id: String,
    /// When it became pending.
    pub scheduled: Timestamp,
    /// How long its latest run took.
    pub seconds: f64,
}

impl Db {
    /// `provision_demand`: at most `limit` tasks after the given one, in the order of their ids.
    pub async fn provision_demand(
        &self,
        since: Timestamp,
        after: Option<Uuid>,
        limit: i32,
    ) -> Result<Vec<DemandRow>, DbError> {
        let call = sqlx::query_as("select * from provision_demand($1,$2,$3)").bind(since).bind(after).bind(limit);
        Ok(call.fetch_all(self.pool()).await?)
    }
}
