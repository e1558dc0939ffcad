//! Circuit breakers. Their state is the caller's JSON.

use protocol::time::Timestamp;
use serde_json::Value;
use sqlx::{FromRow, PgConnection, types::Json};

use crate::{Db, DbError};

/// What a breaker is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BreakerKey {
    /// `launch-config`, `offering`, `quota` or `provider`.
    pub scope: &'static str,
    pub key: String,
}

#[derive(Debug, Clone, FromRow)]
pub struct BreakerRow {
    pub scope: String,
    pub key: String,
    pub state: Value,
    pub reason: Option<String>,
    pub last_modified: Timestamp,
}

impl Db {
    /// `provision_breakers`: those of these keys that something happened to.
    pub async fn provision_breakers(&self, keys: &[BreakerKey]) -> Result<Vec<BreakerRow>, DbError> {
        read(&mut *self.pool().acquire().await?, keys).await
    }

    /// `provision_breaker_lock` and `provision_breaker_set`: one change of one breaker at a time. `change` gets the state, or `None`
    /// where nothing happened yet; with `None` it changes nothing.
    pub async fn provision_change_breaker(
        &self,
        key: &BreakerKey,
        reason: Option<&str>,
        now: Timestamp,
        change: impl FnOnce(Option<Value>) -> Option<Value> + Send,
    ) -> Result<(), DbError> {
        let mut transaction = self.pool().begin().await?;
        let call = sqlx::query_scalar("select provision_breaker_lock($1,$2)").bind(key.scope).bind(&key.key);
        let state: Option<Json<Value>> = call.fetch_one(&mut *transaction).await?;
        let Some(changed) = change(state.map(|Json(state)| state)) else { return Ok(()) };
        let call = sqlx::query("select provision_breaker_set($1,$2,$3,$4,$5)").bind(key.scope).bind(&key.key);
        call.bind(Json(changed)).bind(reason).bind(now).execute(&mut *transaction).await?;
        Ok(transaction.commit().await?)
    }
}

pub(super) async fn read(connection: &mut PgConnection, keys: &[BreakerKey]) -> Result<Vec<BreakerRow>, DbError> {
    let call = sqlx::query_as("select * from provision_breakers($1,$2)")
        .bind(keys.iter().map(|key| key.scope).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.key.clone()).collect::<Vec<_>>());
    Ok(call.fetch_all(connection).await?)
}
