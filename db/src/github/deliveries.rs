//! `github_take_deliveries`, `github_finish_delivery`, `github_retry_delivery`.

use protocol::{github::DeliveryState, time::Timestamp};
use sqlx::FromRow;

use super::DeliveryRow;
use crate::{Db, DbError, Rows};

/// A leased delivery. An attempt that took longer than its lease, and was repeated elsewhere, changes nothing any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryLease {
    pub delivery_id: String,
    pub attempt: i32,
}

impl DeliveryRow {
    pub fn lease(&self) -> DeliveryLease {
        DeliveryLease { delivery_id: self.delivery_id.clone(), attempt: self.attempts }
    }
}

impl Db {
    /// `github_take_deliveries`: at most `limit`, one of each subject at most.
    pub async fn github_take_deliveries(
        &self,
        limit: i32,
        leased_until: Timestamp,
        now: Timestamp,
    ) -> Result<Rows<DeliveryRow>, DbError> {
        let call = sqlx::query("select * from github_take_deliveries($1,$2,$3)").bind(limit).bind(leased_until);
        let rows = call.bind(now).fetch_all(self.pool()).await?;
        Ok(Rows::read("delivery", &rows, DeliveryRow::from_row))
    }

    /// `github_finish_delivery`: whether this attempt still had the lease.
    pub async fn github_finish_delivery(
        &self,
        lease: &DeliveryLease,
        state: DeliveryState,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let call = sqlx::query_scalar("select github_finish_delivery($1,$2,$3,$4,$5)").bind(&lease.delivery_id);
        let call = call.bind(lease.attempt).bind(state.code()).bind(reason).bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `github_retry_delivery`: whether this attempt still had the lease.
    pub async fn github_retry_delivery(
        &self,
        lease: &DeliveryLease,
        next_attempt: Timestamp,
        reason: &str,
    ) -> Result<bool, DbError> {
        let call = sqlx::query_scalar("select github_retry_delivery($1,$2,$3,$4)").bind(&lease.delivery_id);
        Ok(call.bind(lease.attempt).bind(next_attempt).bind(reason).fetch_one(self.pool()).await?)
    }
}
