//! Decisions about worker pools. The decision is a function of Rust, so its transaction is held open here, for some milliseconds:
//! lock due pools, read, let the caller decide, write. Whoever drops it midway has changed nothing.

use std::collections::BTreeMap;

use protocol::time::Timestamp;
use serde::Serialize;
use serde_json::Value;
use sqlx::{FromRow, PgTransaction, types::Json};
use uuid::Uuid;

use super::{BreakerKey, BreakerRow, OfferingRef, OfferingRow, PoolViewRow, breakers, offerings};
use crate::{Db, DbError, Rows};

/// Worker pools that nobody else decides about.
pub struct Decisions {
    transaction: PgTransaction<'static>,
    now: Timestamp,
    /// Names of the pools that are locked, with those whose row cannot be read.
    pub locked: Vec<String>,
    pub views: Vec<PoolViewRow>,
}

/// A bucket and what it should get.
#[derive(Debug, Clone, PartialEq)]
pub struct BucketRate {
    pub name: String,
    /// Tokens a second.
    pub rate: f64,
    /// The most it holds.
    pub burst: f64,
}

/// What was decided about one pool.
#[derive(Debug, Clone, Serialize)]
pub struct Decided {
    pub worker_pool_id: String,
    pub next_at: Timestamp,
    /// Inputs, steps and outputs, with the field `limited_by`.
    pub decision: Value,
    pub launches: Vec<NewLaunch>,
}

/// A row of the ledger.
#[derive(Debug, Clone, Serialize)]
pub struct NewLaunch {
    pub launch_id: Uuid,
    pub launch_config_id: String,
    pub provider_id: String,
    pub region: String,
    pub instances: u32,
    pub capacity: u32,
    /// What the provider is asked for.
    pub request: Value,
    pub instance_type: String,
    /// `spot` or `on-demand`.
    pub market: &'static str,
}

#[derive(FromRow)]
struct Tokens {
    name: String,
    tokens: f64,
}

impl Db {
    /// `provision_lock` and `provision_views`: at most `limit` pools that are due. `None`: none is.
    pub async fn provision_decisions_begin(&self, limit: i32, now: Timestamp) -> Result<Option<Decisions>, DbError> {
        let mut transaction = self.pool().begin().await?;
        let call = sqlx::query_scalar("select provision_lock($1,$2)").bind(limit).bind(now);
        let locked: Vec<String> = call.fetch_all(&mut *transaction).await?;
        if locked.is_empty() {
            return Ok(None);
        }
        let call = sqlx::query("select * from provision_views($1,$2)").bind(&locked).bind(now);
        let rows = call.fetch_all(&mut *transaction).await?;
        let views = Rows::read("worker_pool", &rows, PoolViewRow::from_row).readable;
        Ok(Some(Decisions { transaction, now, locked, views }))
    }

    /// `provision_wake`: these pools are due now. Safe to repeat.
    pub async fn provision_wake(&self, pools: &[String], now: Timestamp) -> Result<(), DbError> {
        sqlx::query("select provision_wake($1,$2)").bind(pools).bind(now).execute(self.pool()).await?;
        Ok(())
    }

    /// `provision_slow_bucket`: the provider asked for fewer calls.
    pub async fn provision_slow_bucket(&self, name: &str, now: Timestamp) -> Result<(), DbError> {
        sqlx::query("select provision_slow_bucket($1,$2)").bind(name).bind(now).execute(self.pool()).await?;
        Ok(())
    }
}

impl Decisions {
    /// `provision_breakers`.
    pub async fn breakers(&mut self, keys: &[BreakerKey]) -> Result<Vec<BreakerRow>, DbError> {
        breakers::read(&mut self.transaction, keys).await
    }

    /// `provision_offerings`.
    pub async fn offerings(&mut self, offerings: &[OfferingRef]) -> Result<Vec<OfferingRow>, DbError> {
        offerings::read(&mut self.transaction, offerings, self.now).await
    }

    /// `provision_tokens`: what is in each bucket; locks the buckets.
    pub async fn tokens(&mut self, buckets: &[BucketRate]) -> Result<BTreeMap<String, f64>, DbError> {
        let call = sqlx::query_as("select * from provision_tokens($1,$2,$3,$4)")
            .bind(buckets.iter().map(|bucket| bucket.name.clone()).collect::<Vec<_>>())
            .bind(buckets.iter().map(|bucket| bucket.rate).collect::<Vec<_>>())
            .bind(buckets.iter().map(|bucket| bucket.burst).collect::<Vec<_>>())
            .bind(self.now);
        let rows: Vec<Tokens> = call.fetch_all(&mut *self.transaction).await?;
        Ok(rows.into_iter().map(|row| (row.name, row.tokens)).collect())
    }

    /// `provision_decided`, and the commit. `spent`: tokens taken, by bucket.
    pub async fn commit(mut self, decided: &[Decided], spent: &BTreeMap<String, f64>) -> Result<(), DbError> {
        let spent: Vec<Value> =
            spent.iter().map(|(name, spent)| serde_json::json!({ "name": name, "spent": spent })).collect();
        let call = sqlx::query("select provision_decided($1,$2,$3)").bind(Json(decided)).bind(Json(spent));
        call.bind(self.now).execute(&mut *self.transaction).await?;
        Ok(self.transaction.commit().await?)
    }
}
