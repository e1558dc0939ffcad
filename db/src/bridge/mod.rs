//! The Buildbot bridge: masters, and the requests that tasks wait for.

mod rows;
#[cfg(test)]
mod tests;

use protocol::{
    id::{RunId, TaskId},
    time::Timestamp,
};
pub use rows::{BridgeCount, BridgeMaster, BridgeRequest, BridgeState, BridgeWish, MasterState, Wanted};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{Db, DbError, Rows};

impl Db {
    /// `bridge_want`: notes pending runs, each once; how many were new.
    pub async fn bridge_want(&self, master: &str, wishes: &[BridgeWish], now: Timestamp) -> Result<i32, DbError> {
        let call = sqlx::query_scalar("select bridge_want($1,$2,$3,$4,$5,$6)")
            .bind(master)
            .bind(column(wishes, |wish| wish.task_id.0))
            .bind(column(wishes, |wish| wish.run_id))
            .bind(column(wishes, |wish| wish.deadline))
            .bind(column(wishes, |wish| wish.expires))
            .bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `bridge_unwant`: nobody waits for these tasks up to these runs; how many requests are now to be cancelled.
    pub async fn bridge_unwant(&self, master: &str, runs: &[(TaskId, RunId)], now: Timestamp) -> Result<i32, DbError> {
        let call = sqlx::query_scalar("select bridge_unwant($1,$2,$3,$4)")
            .bind(master)
            .bind(column(runs, |(task_id, _)| task_id.0))
            .bind(column(runs, |(_, run_id)| *run_id))
            .bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `bridge_poke`: look at these requests now, or at all open ones.
    pub async fn bridge_poke(&self, master: &str, requests: Option<&[i64]>, now: Timestamp) -> Result<i32, DbError> {
        let call = sqlx::query_scalar("select bridge_poke($1,$2,$3)").bind(master).bind(requests).bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `bridge_due`: at most `limit` open requests that it is time to look at, without the busy ones.
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

    /// `bridge_looked`: nothing new about these; each is due again when it says.
    pub async fn bridge_looked(&self, requests: &[BridgeRequest], now: Timestamp) -> Result<(), DbError> {
        let call = sqlx::query("select bridge_looked($1,$2,$3,$4)")
            .bind(column(requests, |request| request.id))
            .bind(column(requests, |request| request.pokes))
            .bind(column(requests, |request| request.next_check))
            .bind(now);
        call.execute(self.pool()).await?;
        Ok(())
    }

    /// `bridge_lead`: the master's row, with the process that looks after it.
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

    /// `bridge_note_master`: how a master fares, and why.
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

    /// `bridge_new_epoch`: the master's numbers began anew after this epoch. The epoch of now.
    pub async fn bridge_new_epoch(&self, master: &str, epoch: i64, now: Timestamp) -> Result<i64, DbError> {
        let call = sqlx::query_scalar("select bridge_new_epoch($1,$2,$3)").bind(master).bind(epoch).bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `bridge_masters`: all that were ever looked after.
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

    /// `bridge_forget`: drops at most `limit` requests that were resolved before a time; how many.
    pub async fn bridge_forget(&self, before: Timestamp, limit: i32) -> Result<i32, DbError> {
        let call = sqlx::query_scalar("select bridge_forget($1,$2)").bind(before).bind(limit);
        Ok(call.fetch_one(self.pool()).await?)
    }
}

fn column<R, T>(rows: &[R], value: impl Fn(&R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}
