//! `hook_create`, `hook_update`, `hook_delete`, `hook_reset_token`, `hook_reseal`, `hook_set_paused`.

use base::SealedText;
use protocol::time::Timestamp;
use sqlx::types::Json;

use super::{HookRow, StoredHook};
use crate::{Db, DbError, auth::By, blob::unknown_outcome};

/// A hook to create.
#[derive(Debug, Clone)]
pub struct NewHook<'a> {
    pub hook_group_id: &'a str,
    pub hook_id: &'a str,
    pub definition: &'a str,
    pub bindings: &'a str,
    pub trigger_token: &'a SealedText,
    pub next_task_id: &'a SealedText,
    pub next_scheduled_at: Option<Timestamp>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookCreated {
    Created,
    /// It was there, and equal.
    Same,
    /// It was there, and is something else.
    Differs,
}

impl Db {
    /// `hook_create`.
    pub async fn hook_create(&self, hook: &NewHook<'_>, by: &By, now: Timestamp) -> Result<HookCreated, DbError> {
        let call = sqlx::query_scalar("select hook_create($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)")
            .bind(hook.hook_group_id)
            .bind(hook.hook_id)
            .bind(hook.definition)
            .bind(hook.bindings)
            .bind(Json(hook.trigger_token))
            .bind(Json(hook.next_task_id))
            .bind(hook.next_scheduled_at)
            .bind(&by.client_id)
            .bind(&by.trace)
            .bind(now);
        let outcome: String = call.fetch_one(self.pool()).await?;
        Ok(match outcome.as_str() {
            "created" => HookCreated::Created,
            "same" => HookCreated::Same,
            "differs" => HookCreated::Differs,
            other => return Err(unknown_outcome("hook_create", other)),
        })
    }

    /// `hook_update`: the hook as it is then. Bindings stay where none are given; the date is for another schedule.
    pub async fn hook_update(
        &self,
        (hook_group_id, hook_id): (&str, &str),
        definition: &str,
        bindings: Option<&str>,
        next_scheduled_at: Option<Timestamp>,
        by: &By,
        now: Timestamp,
    ) -> Result<Option<HookRow>, DbError> {
        let call = sqlx::query_as("select * from hook_update($1,$2,$3,$4,$5,$6,$7,$8)")
            .bind(hook_group_id)
            .bind(hook_id)
            .bind(definition)
            .bind(bindings)
            .bind(next_scheduled_at)
            .bind(&by.client_id)
            .bind(&by.trace)
            .bind(now);
        let row: Option<StoredHook> = call.fetch_optional(self.pool()).await?;
        Ok(row.map(HookRow::from))
    }

    /// `hook_delete`, safe to repeat.
    pub async fn hook_delete(
        &self,
        (hook_group_id, hook_id): (&str, &str),
        by: &By,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let call = sqlx::query("select hook_delete($1,$2,$3,$4,$5)").bind(hook_group_id).bind(hook_id);
        call.bind(&by.client_id).bind(&by.trace).bind(now).execute(self.pool()).await?;
        Ok(())
    }

    /// `hook_reset_token`: whether there is such a hook.
    pub async fn hook_reset_token(
        &self,
        (hook_group_id, hook_id): (&str, &str),
        trigger_token: &SealedText,
        by: &By,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let call = sqlx::query_scalar("select hook_reset_token($1,$2,$3,$4,$5)").bind(hook_group_id).bind(hook_id);
        Ok(call.bind(Json(trigger_token)).bind(&by.client_id).bind(now).fetch_one(self.pool()).await?)
    }

    /// `hook_reseal`: whether the secrets still were those of the row.
    pub async fn hook_reseal(
        &self,
        row: &HookRow,
        trigger_token: &SealedText,
        next_task_id: &SealedText,
    ) -> Result<bool, DbError> {
        let call =
            sqlx::query_scalar("select hook_reseal($1,$2,$3,$4,$5,$6)").bind(&row.hook_group_id).bind(&row.hook_id);
        let call = call.bind(Json(&row.trigger_token)).bind(Json(trigger_token));
        Ok(call.bind(Json(&row.next_task_id)).bind(Json(next_task_id)).fetch_one(self.pool()).await?)
    }

    /// `hook_set_paused`: whether there is such a hook. The date is for one that goes on.
    pub async fn hook_set_paused(
        &self,
        (hook_group_id, hook_id): (&str, &str),
        paused: bool,
        next_scheduled_at: Option<Timestamp>,
        by: &By,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let call = sqlx::query_scalar("select hook_set_paused($1,$2,$3,$4,$5,$6)").bind(hook_group_id).bind(hook_id);
        let call = call.bind(paused).bind(next_scheduled_at).bind(&by.client_id).bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }
}
