//! `take_due_hooks`, `next_due_hook`, `delay_hook`, `expire_hook_fires`.

use protocol::time::Timestamp;
use sqlx::FromRow;

use super::{HookRow, StoredHook};
use crate::{Db, DbError, Rows};

impl Db {
    /// `take_due_hooks`: at most `limit`, leased until then.
    pub async fn take_due_hooks(
        &self,
        limit: i32,
        leased_until: Timestamp,
        now: Timestamp,
    ) -> Result<Rows<HookRow>, DbError> {
        let call = sqlx::query("select * from take_due_hooks($1,$2,$3)").bind(limit).bind(leased_until).bind(now);
        let rows = call.fetch_all(self.pool()).await?;
        Ok(Rows::read("hook", &rows, |row| StoredHook::from_row(row).map(HookRow::from)))
    }

    /// `next_due_hook`: `None` where none is scheduled.
    pub async fn next_due_hook(&self, now: Timestamp) -> Result<Option<Timestamp>, DbError> {
        Ok(sqlx::query_scalar("select next_due_hook($1)").bind(now).fetch_one(self.pool()).await?)
    }

    /// `delay_hook`: the date of this hook is tried again then.
    pub async fn delay_hook(&self, hook: &HookRow, until: Timestamp) -> Result<(), DbError> {
        let call = sqlx::query("select delay_hook($1,$2,$3,$4,$5)").bind(&hook.hook_group_id).bind(&hook.hook_id);
        call.bind(hook.generation).bind(hook.next_scheduled_at).bind(until).execute(self.pool()).await?;
        Ok(())
    }

    /// `expire_hook_fires`: how many rows went.
    pub async fn expire_hook_fires(&self, limit: i32, now: Timestamp) -> Result<i32, DbError> {
        let call = sqlx::query_scalar("select expire_hook_fires($1,$2)").bind(limit).bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }
}
