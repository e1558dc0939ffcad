//! Sums over all worker pools, for metrics: `provision_totals`.

use protocol::time::Timestamp;
use sqlx::FromRow;

use crate::{Db, DbError};

#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct ProvisionTotal {
    /// `demand`, `supply`, `breakers` or `tokens`.
    pub what: String,
    /// What of it: a state, a scope, a bucket.
    pub label: String,
    pub value: f64,
}

impl Db {
    /// `provision_totals`.
    pub async fn provision_totals(&self, now: Timestamp) -> Result<Vec<ProvisionTotal>, DbError> {
        let call = sqlx::query_as("select * from provision_totals($1)").bind(now);
        Ok(call.fetch_all(self.pool()).await?)
    }
}
