//! The ledger: launches that decisions have committed, and what became of them.

use protocol::time::Timestamp;
use serde::Serialize;
use serde_json::Value;
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{Db, DbError, Rows};

/// Which launches are taken, and for how long.
#[derive(Debug, Clone)]
pub struct LaunchClaim<'c> {
    pub provider_id: &'c str,
    /// Regions that have enough calls under way.
    pub busy_regions: &'c [String],
    pub limit: i32,
    pub lease_until: Timestamp,
    /// Launches that have been unknown since then or longer are about to be given up.
    pub unknown_since: Timestamp,
}

/// A launch that the caller has until its lease ends.
#[derive(Debug, Clone, FromRow)]
pub struct LaunchRow {
    pub launch_id: Uuid,
    pub worker_pool_id: String,
    pub launch_config_id: String,
    pub region: String,
    pub instances: i32,
    pub capacity: i32,
    /// With this one; it says whose launch it is.
    pub attempts: i32,
    /// It may have been carried out: look for its machines first.
    pub unsure: bool,
    pub created: Timestamp,
    /// JSON.
    pub request: String,
}

/// A launch that is being carried out, and by which attempt.
#[derive(Debug, Clone, Copy)]
pub struct LaunchHold {
    pub launch_id: Uuid,
    pub attempt: i32,
}

/// What a worker row is written from.
#[derive(Debug, Clone, Serialize)]
pub struct NewMachine {
    pub group: String,
    pub id: String,
    pub data: Value,
}

#[derive(Debug, Clone, FromRow)]
pub struct GivenUpLaunch {
    pub launch_id: Uuid,
    pub worker_pool_id: String,
    pub launch_config_id: String,
    pub region: String,
}

impl Db {
    /// `launch_claim`.
    pub async fn launch_claim(&self, claim: &LaunchClaim<'_>, now: Timestamp) -> Result<Vec<LaunchRow>, DbError> {
        let call = sqlx::query("select * from launch_claim($1,$2,$3,$4,$5,$6)")
            .bind(claim.provider_id)
            .bind(claim.busy_regions)
            .bind(claim.limit)
            .bind(claim.lease_until)
            .bind(claim.unknown_since)
            .bind(now);
        let rows = call.fetch_all(self.pool()).await?;
        Ok(Rows::read("launch", &rows, LaunchRow::from_row).readable)
    }

    /// `launch_renew`: the caller has these until then, as far as nobody else has taken them.
    pub async fn launch_renew(&self, held: &[LaunchHold], lease_until: Timestamp) -> Result<(), DbError> {
        let call = sqlx::query("select launch_renew($1,$2,$3)")
            .bind(held.iter().map(|hold| hold.launch_id).collect::<Vec<_>>())
            .bind(held.iter().map(|hold| hold.attempt).collect::<Vec<_>>());
        call.bind(lease_until).execute(self.pool()).await?;
        Ok(())
    }

    /// `launch_settle`: whether somebody counts on these machines; where not, they are to be ended. Safe to repeat.
    pub async fn launch_settle(
        &self,
        launch_id: Uuid,
        machines: &[NewMachine],
        registration_seconds: i32,
        check_at: Timestamp,
        unknown_since: Timestamp,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let call = sqlx::query_scalar("select launch_settle($1,$2,$3,$4,$5,$6)")
            .bind(launch_id)
            .bind(Json(machines))
            .bind(registration_seconds)
            .bind(check_at)
            .bind(unknown_since)
            .bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `launch_unknown`: no answer came.
    pub async fn launch_unknown(
        &self,
        launch: &LaunchRow,
        words: &str,
        retry_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let call = sqlx::query("select launch_unknown($1,$2,$3,$4,$5)").bind(launch.launch_id).bind(launch.attempts);
        call.bind(words).bind(retry_at).bind(now).execute(self.pool()).await?;
        Ok(())
    }

    /// `launch_later`: not carried out, to be tried again.
    pub async fn launch_later(
        &self,
        launch: &LaunchRow,
        words: &str,
        retry_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let call = sqlx::query("select launch_later($1,$2,$3,$4,$5)").bind(launch.launch_id).bind(launch.attempts);
        call.bind(words).bind(retry_at).bind(now).execute(self.pool()).await?;
        Ok(())
    }

    /// `launch_fail`: refused, so nothing was launched. False: somebody else has the launch, or it ended otherwise.
    pub async fn launch_fail(
        &self,
        launch: &LaunchRow,
        class: &str,
        code: &str,
        words: &str,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let call = sqlx::query_scalar("select launch_fail($1,$2,$3,$4,$5,$6)")
            .bind(launch.launch_id)
            .bind(launch.attempts)
            .bind(class)
            .bind(code)
            .bind(words)
            .bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `launch_give_up`: ends launches that have been unknown since then or longer.
    pub async fn launch_give_up(
        &self,
        provider_id: &str,
        unknown_since: Timestamp,
        limit: i32,
        now: Timestamp,
    ) -> Result<Vec<GivenUpLaunch>, DbError> {
        let call = sqlx::query_as("select * from launch_give_up($1,$2,$3,$4)").bind(provider_id).bind(unknown_since);
        Ok(call.bind(limit).bind(now).fetch_all(self.pool()).await?)
    }
}
