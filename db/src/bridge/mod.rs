//! The Buildbot bridge: masters, and build requests for tasks.

mod rows;
#[cfg(test)]
mod tests;

use protocol::{
    id::{RunId, TaskId},
    time::Timestamp,
};
pub use rows::{BridgeCount, BridgeMaster, BridgeRequest, BridgeState, Intent, MasterState, PendingCreate};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{Db, DbError, Rows};

impl Db {
    /// `bridge_add_pending`: records pending runs, each once; how many were new.
    pub async fn bridge_add_pending(
        &self,
        master: &str,
        runs: &[PendingCreate],
        now: Timestamp,
    ) -> Result<i32, DbError> {
        let call = sqlx::query_scalar("select bridge_add_pending($1,$2,$3,$4,$5,$6)")
            .bind(master)
            .bind(column(runs, |run| run.task_id.0))
            .bind(column(runs, |run| run.run_id))
            .bind(column(runs, |run| run.deadline))
            .bind(column(runs, |run| run.expires))
            .bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `bridge_mark_cancelled`: marks the requests of these tasks up to these runs as cancelled; how many.
    pub async fn bridge_mark_cancelled(
        &self,
        master: &str,
        runs: &[(TaskId, RunId)],
        now: Timestamp,
    ) -> Result<i32, DbError> {
        let call = sqlx::query_scalar("select bridge_mark_cancelled($1,$2,$3,$4)")
            .bind(master)
            .bind(column(runs, |(task_id, _)| task_id.0))
            .bind(column(runs, |(_, run_id)| *run_id))
            .bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `bridge_notify`: makes these requests, or all open ones, due now.
    pub async fn bridge_notify(&self, master: &str, requests: Option<&[i64]>, now: Timestamp) -> Result<i32, DbError> {
        let call = sqlx::query_scalar("select bridge_notify($1,$2,$3)").bind(master).bind(requests).bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `bridge_due`: at most `limit` open requests that are due, without the busy ones.
    pub async fn bridge_due(
        &self,
        master: &str,
        busy: &[i64],
        limit: i32,
        now: Timestamp,
    ) -> Result<Vec<BridgeRequest>, DbError> {
        let call = sqlx::query("select * from bridge_due($1,$2,$3,$4)").bind(master).bind(busy).bind(limit);
        let rows = call.bind(now).fetch_all(self.pool()).await?;
        Ok(Rows::read("bridge_request", &rows, BridgeRequest::from_row).readable)
    }

    /// `bridge_save`: the new version, or `None` when somebody else has changed the request meanwhile.
    pub async fn bridge_save(&self, request: &BridgeRequest, now: Timestamp) -> Result<Option<i64>, DbError> {
        let call = sqlx::query_scalar("select bridge_save($1,$2)").bind(Json(request)).bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `bridge_checked`: these have not changed; each is due again when it says.
    pub async fn bridge_checked(&self, requests: &[BridgeRequest], now: Timestamp) -> Result<(), DbError> {
        let call = sqlx::query("select bridge_checked($1,$2,$3,$4)")
            .bind(column(requests, |request| request.id))
            .bind(column(requests, |request| request.notifications))
            .bind(column(requests, |request| request.next_check))
            .bind(now);
        call.execute(self.pool()).await?;
        Ok(())
    }

    /// `bridge_lead`: the master's row, with the process that leads.
    pub async fn bridge_lead(
        &self,
        master: &str,
        leader: Uuid,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<BridgeMaster, DbError> {
        let call = sqlx::query_as("select * from bridge_lead($1,$2,$3,$4)").bind(master).bind(leader);
        Ok(call.bind(until).bind(now).fetch_one(self.pool()).await?)
    }

    /// `bridge_leave`, safe to repeat.
    pub async fn bridge_leave(&self, master: &str, leader: Uuid) -> Result<(), DbError> {
        sqlx::query("select bridge_leave($1,$2)").bind(master).bind(leader).execute(self.pool()).await?;
        Ok(())
    }

    /// `bridge_note_master`: the state of a master, and why.
    pub async fn bridge_note_master(
        &self,
        master: &str,
        state: MasterState,
        error: Option<&str>,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let call = sqlx::query("select bridge_note_master($1,$2,$3,$4)").bind(master).bind(state).bind(error);
        call.bind(now).execute(self.pool()).await?;
        Ok(())
    }

    /// `bridge_new_epoch`: the master's numbers restarted after this epoch. The current epoch.
    pub async fn bridge_new_epoch(&self, master: &str, epoch: i64, now: Timestamp) -> Result<i64, DbError> {
        let call = sqlx::query_scalar("select bridge_new_epoch($1,$2,$3)").bind(master).bind(epoch).bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `bridge_masters`: all that were ever configured.
    pub async fn bridge_masters(&self) -> Result<Vec<BridgeMaster>, DbError> {
        Ok(sqlx::query_as("select * from bridge_masters()").fetch_all(self.pool()).await?)
    }

    /// `bridge_counts`: the requests of a master by state.
    pub async fn bridge_counts(&self, master: &str) -> Result<Vec<BridgeCount>, DbError> {
        Ok(sqlx::query_as("select * from bridge_counts($1)").bind(master).fetch_all(self.pool()).await?)
    }

    /// `bridge_requests_of`: those that were made for a task, oldest first.
    pub async fn bridge_requests_of(&self, task_id: TaskId) -> Result<Vec<BridgeRequest>, DbError> {
        let call = sqlx::query_as("select * from bridge_requests_of($1)").bind(task_id.0);
        Ok(call.fetch_all(self.pool()).await?)
    }

    /// `bridge_expire`: deletes at most `limit` requests that were resolved before a time; how many.
    pub async fn bridge_expire(&self, before: Timestamp, limit: i32) -> Result<i32, DbError> {
        let call = sqlx::query_scalar("select bridge_expire($1,$2)").bind(before).bind(limit);
        Ok(call.fetch_one(self.pool()).await?)
    }
}

fn column<R, T>(rows: &[R], value: impl Fn(&R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}
