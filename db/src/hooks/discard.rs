//! `hook_discard_message`, `hook_discards`, `hook_causes`, `hook_fired_lately`.

use protocol::{id::TaskId, time::Timestamp};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Db, DbError};

/// Messages that fired nothing, for one reason.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct DiscardRow {
    pub reason: String,
    pub messages: i64,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
}

/// So many reasons of a hook are kept.
const KEPT: i32 = 20;

impl Db {
    /// `hook_discard_message`.
    pub async fn hook_discard_message(
        &self,
        (hook_group_id, hook_id): (&str, &str),
        reason: &str,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let call = sqlx::query("select hook_discard_message($1,$2,$3,$4,$5)").bind(hook_group_id).bind(hook_id);
        call.bind(reason).bind(KEPT).bind(now).execute(self.pool()).await?;
        Ok(())
    }

    /// `hook_discards`: the latest first.
    pub async fn hook_discards(&self, (hook_group_id, hook_id): (&str, &str)) -> Result<Vec<DiscardRow>, DbError> {
        let call = sqlx::query_as("select * from hook_discards($1,$2)").bind(hook_group_id).bind(hook_id);
        Ok(call.fetch_all(self.pool()).await?)
    }

    /// `hook_causes`: the latest fire since then that made one of these tasks, and how many fires, at most `limit`, led to it.
    pub async fn hook_causes(
        &self,
        task_ids: &[TaskId],
        since: Timestamp,
        limit: i32,
    ) -> Result<Option<(i64, i32)>, DbError> {
        let ids: Vec<Uuid> = task_ids.iter().map(|id| id.0).collect();
        let call = sqlx::query_as("select fire_id, fires from hook_causes($1,$2,$3)").bind(ids).bind(since).bind(limit);
        Ok(call.fetch_optional(self.pool()).await?)
    }

    /// `hook_fired_lately`: whether a fire since then has a key that begins so.
    pub async fn hook_fired_lately(
        &self,
        (hook_group_id, hook_id): (&str, &str),
        key_beginning: &str,
        since: Timestamp,
    ) -> Result<bool, DbError> {
        let call = sqlx::query_scalar("select hook_fired_lately($1,$2,$3,$4)").bind(hook_group_id).bind(hook_id);
        Ok(call.bind(key_beginning).bind(since).fetch_one(self.pool()).await?)
    }
}
