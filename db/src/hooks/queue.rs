//! `hook_listeners`, `hook_queue_prepare`, `hook_queue_bound`, `hook_queue_delete`, `hook_queue_get`.

use protocol::time::Timestamp;
use sqlx::FromRow;

use crate::{Db, DbError};

/// A hook that wants messages, or had a queue for them.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct HookListener {
    pub hook_group_id: String,
    pub hook_id: String,
    /// A JSON list; `None`: it wants none, and its queue is to be deleted.
    pub bindings: Option<String>,
    /// Bindings that its queue may have at the broker, a JSON list; `None`: it has no queue.
    pub bound: Option<String>,
}

/// What is known of the queue of a hook.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct HookQueue {
    /// Bindings that it may have at the broker, a JSON list.
    pub bound: String,
    /// Bindings that the broker did not accept, with the reasons, a JSON list.
    pub refused: String,
    /// When they were last compared.
    pub checked: Option<Timestamp>,
}

impl Db {
    /// `hook_listeners`.
    pub async fn hook_listeners(&self) -> Result<Vec<HookListener>, DbError> {
        Ok(sqlx::query_as("select * from hook_listeners()").fetch_all(self.pool()).await?)
    }

    /// `hook_queue_prepare`: all bindings that the queue may have by then, as a JSON list.
    pub async fn hook_queue_prepare(
        &self,
        (hook_group_id, hook_id): (&str, &str),
        bindings: &str,
    ) -> Result<String, DbError> {
        let call = sqlx::query_scalar("select hook_queue_prepare($1,$2,$3::jsonb)").bind(hook_group_id).bind(hook_id);
        Ok(call.bind(bindings).fetch_one(self.pool()).await?)
    }

    /// `hook_queue_bound`.
    pub async fn hook_queue_bound(
        &self,
        (hook_group_id, hook_id): (&str, &str),
        bindings: &str,
        refused: &str,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let call = sqlx::query("select hook_queue_bound($1,$2,$3::jsonb,$4::jsonb,$5)").bind(hook_group_id);
        call.bind(hook_id).bind(bindings).bind(refused).bind(now).execute(self.pool()).await?;
        Ok(())
    }

    /// `hook_queue_delete`.
    pub async fn hook_queue_delete(&self, (hook_group_id, hook_id): (&str, &str)) -> Result<(), DbError> {
        let call = sqlx::query("select hook_queue_delete($1,$2)").bind(hook_group_id).bind(hook_id);
        call.execute(self.pool()).await?;
        Ok(())
    }

    /// `hook_queue_get`: `None` where it has none.
    pub async fn hook_queue(&self, (hook_group_id, hook_id): (&str, &str)) -> Result<Option<HookQueue>, DbError> {
        let call = sqlx::query_as("select * from hook_queue_get($1,$2)").bind(hook_group_id).bind(hook_id);
        Ok(call.fetch_optional(self.pool()).await?)
    }
}
