//! `hook_get`, `hook_groups`, `hooks_list`, `hooks_after`, `hook_fires`, `hook_fires_all`.

use protocol::{id::TaskId, state::TaskState, time::Timestamp};
use sqlx::{FromRow, Row, postgres::PgRow};

use super::{FireResult, FireRow, FiredBy, HookRow, StoredHook};
use crate::{Db, DbError, Rows, queue::decode};

impl Db {
    /// `hook_get`.
    pub async fn hook(&self, hook_group_id: &str, hook_id: &str) -> Result<Option<HookRow>, DbError> {
        let call = sqlx::query_as("select * from hook_get($1,$2)").bind(hook_group_id).bind(hook_id);
        let row: Option<StoredHook> = call.fetch_optional(self.pool()).await?;
        Ok(row.map(HookRow::from))
    }

    /// `hook_groups`: at most `limit` ids after the given one.
    pub async fn hook_groups(&self, after: Option<&str>, limit: i32) -> Result<Vec<String>, DbError> {
        let call = sqlx::query_scalar("select * from hook_groups($1,$2)").bind(after).bind(limit);
        Ok(call.fetch_all(self.pool()).await?)
    }

    /// `hooks_list`: at most `limit` hooks after the given id.
    pub async fn hooks(&self, hook_group_id: &str, after: Option<&str>, limit: i32) -> Result<Rows<HookRow>, DbError> {
        let call = sqlx::query("select * from hooks_list($1,$2,$3)").bind(hook_group_id).bind(after).bind(limit);
        let rows = call.fetch_all(self.pool()).await?;
        Ok(Rows::read("hook", &rows, |row| StoredHook::from_row(row).map(HookRow::from)))
    }

    /// `hook_fires`: newest first, at most `limit` before the given one.
    pub async fn hook_fires(
        &self,
        hook_group_id: &str,
        hook_id: &str,
        before: Option<i64>,
        limit: i32,
    ) -> Result<Rows<FireRow>, DbError> {
        let call = sqlx::query("select * from hook_fires($1,$2,$3,$4)").bind(hook_group_id).bind(hook_id);
        let rows = call.bind(before).bind(limit).fetch_all(self.pool()).await?;
        Ok(Rows::read("hook fire", &rows, read_fire))
    }

    /// `hook_fires_all`: newest first, at most `limit` of those until then.
    pub async fn hook_fires_all(
        &self,
        (hook_group_id, hook_id): (&str, &str),
        until: Option<Timestamp>,
        limit: i32,
    ) -> Result<Rows<FireRow>, DbError> {
        let call = sqlx::query("select * from hook_fires_all($1,$2,$3,$4)").bind(hook_group_id).bind(hook_id);
        let rows = call.bind(until).bind(limit).fetch_all(self.pool()).await?;
        Ok(Rows::read("hook fire", &rows, read_fire))
    }

    /// `hooks_after`: at most `limit` of all hooks after the given one.
    pub async fn hooks_after(&self, after: Option<(&str, &str)>, limit: i32) -> Result<Rows<HookRow>, DbError> {
        let (group, hook) = after.unzip();
        let call = sqlx::query("select * from hooks_after($1,$2,$3)").bind(group).bind(hook).bind(limit);
        let rows = call.fetch_all(self.pool()).await?;
        Ok(Rows::read("hook", &rows, |row| StoredHook::from_row(row).map(HookRow::from)))
    }
}

fn read_fire(row: &PgRow) -> Result<FireRow, sqlx::Error> {
    let state: Option<i16> = row.try_get("task_state")?;
    Ok(FireRow {
        fire_id: row.try_get("fire_id")?,
        fired_by: fired_by(row.try_get("fired_by")?)?,
        fired: row.try_get::<Timestamp, _>("fired")?,
        scheduled_at: row.try_get("scheduled_at")?,
        task_id: TaskId(row.try_get("task_id")?),
        result: result(row.try_get("result")?)?,
        error: row.try_get("error")?,
        task_state: state.map(|code| TaskState::from_code(code).map_err(decode)).transpose()?,
    })
}

fn fired_by(code: i16) -> Result<FiredBy, sqlx::Error> {
    let known = FiredBy::ALL.into_iter().find(|it| it.code() == code);
    known.ok_or_else(|| decode(format!("the cause {code} of a fire is not known")))
}

pub(super) fn result(code: i16) -> Result<FireResult, sqlx::Error> {
    let known = FireResult::ALL.into_iter().find(|it| it.code() == code);
    known.ok_or_else(|| decode(format!("the result {code} of a fire is not known")))
}
