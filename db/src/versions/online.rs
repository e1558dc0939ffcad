//! Changes too slow for one transaction: many small batches, to be stopped and resumed at any of them.
//!
//! `online.sql` of version N creates `online_migration_vN_batch(batch_size_in integer, state_in jsonb)
//! returns table (count integer, state jsonb)` and `online_migration_vN_is_complete() returns boolean`, and may create
//! `online_migration_vN_remaining() returns bigint`, a cheap estimate of the rows left; `down.sql` may create
//! `online_downgrade_vN_...` alike. All are dropped when they are done.

use std::time::Duration;

use serde_json::Value;
use sqlx::PgConnection;
use tokio::time::Instant;

use super::VersionError;
use super::bookmark;
use super::busy::Busy;
use super::direction::Direction;
use super::pace::Pace;
use super::session::{self, Session};

/// Time between two reports of progress.
const REPORT_INTERVAL: Duration = Duration::from_secs(5);

/// Runs the batches of `version` to the end, if there are any, and drops their functions.
pub(super) async fn finish(
    session: &mut Session,
    direction: Direction,
    version: u32,
    progress: &mut (impl FnMut(&str) + Send),
) -> Result<(), VersionError> {
    if version == 0 || !session.has_function(&direction.function(version, "batch")).await? {
        return Ok(());
    }
    let (state, changed) = bookmark::read(session, direction, version).await?.unwrap_or_else(|| (start(), 0));
    let can_tell = session.has_function(&direction.function(version, "remaining")).await?;
    let mut batches =
        Batches { direction, version, pace: Pace::default(), state, changed, can_tell, reported: Instant::now() };
    batches.run(session, progress).await?;
    progress(&format!("version {version}: {} complete, {} rows changed", direction.name(), batches.changed));
    let mut transaction = session.step(direction.holds(version)).await?;
    drop_functions(&mut transaction, direction, version).await?;
    Ok(transaction.commit().await?)
}

/// Drops what an online migration of `version` left, whether done or given up. Part of a step's transaction.
pub(super) async fn drop_functions(
    transaction: &mut PgConnection,
    direction: Direction,
    version: u32,
) -> Result<(), VersionError> {
    for end in ["batch", "is_complete", "remaining"] {
        let name = direction.function(version, end);
        session::run(transaction, format!("dropping {name}"), &format!("drop function if exists {name}")).await?;
    }
    bookmark::delete(transaction, direction, version).await
}

struct Batches {
    direction: Direction,
    version: u32,
    pace: Pace,
    /// Where the last batch ended, as the batch function describes it.
    state: Value,
    /// By all runs.
    changed: i64,
    /// The version has a function that tells how many rows are left.
    can_tell: bool,
    reported: Instant,
}

impl Batches {
    /// Pass after pass until there is nothing left. A pass that changes nothing although rows are left waits: they may
    /// have to become old enough first, or somebody else holds them.
    async fn run(
        &mut self,
        session: &mut Session,
        progress: &mut (impl FnMut(&str) + Send),
    ) -> Result<(), VersionError> {
        while !self.is_complete(session).await? {
            let began_at_start = self.state == start();
            let changed = self.pass(session, progress).await?;
            self.state = start();
            if changed > 0 {
                self.pace.progressed();
            } else if began_at_start {
                let why = format!("version {}: rows are left that cannot be changed yet", self.version);
                self.pace.pause(&why, progress).await;
            }
        }
        Ok(())
    }

    /// Batches until one changes nothing; the rows changed.
    async fn pass(
        &mut self,
        session: &mut Session,
        progress: &mut (impl FnMut(&str) + Send),
    ) -> Result<i64, VersionError> {
        let before = self.changed;
        loop {
            let started = Instant::now();
            if self.next_when_free(session, progress).await? == 0 {
                return Ok(self.changed - before);
            }
            let time = started.elapsed();
            self.pace.took(time);
            self.report(session, progress).await?;
            self.pace.make_way(session, time, &format!("version {}", self.version), progress).await?;
        }
    }

    async fn is_complete(&self, session: &mut Session) -> Result<bool, VersionError> {
        let sql = format!("select {}()", self.direction.function(self.version, "is_complete"));
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql));
        Ok(query.fetch_one(&mut session.connection).await?)
    }

    /// The next batch, once nobody holds what it needs.
    async fn next_when_free(
        &mut self,
        session: &mut Session,
        progress: &mut (impl FnMut(&str) + Send),
    ) -> Result<i32, VersionError> {
        let mut busy = Busy::default();
        loop {
            match self.next(session).await {
                Err(error) if busy.may_pass(&error) => {
                    busy.pause(session, &format!("version {}", self.version), progress).await;
                }
                done => return done,
            }
        }
    }

    /// One batch and its bookmark in a transaction of their own; the rows it changed.
    async fn next(&mut self, session: &mut Session) -> Result<i32, VersionError> {
        let name = self.direction.function(self.version, "batch");
        let sql = format!("select count, state from {name}($1, $2)");
        let mut transaction = session.step(self.direction.holds(self.version)).await?;
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(self.pace.size).bind(&self.state);
        let (count, state): (i32, Option<Value>) = query.fetch_one(&mut *transaction).await?;
        // The end of a pass is not a place to go on from.
        let state = if count == 0 { start() } else { state.unwrap_or_else(start) };
        bookmark::write(&mut transaction, self.direction, self.version, &state, count.into()).await?;
        transaction.commit().await?;
        self.changed += i64::from(count);
        self.state = state;
        Ok(count)
    }

    async fn report(
        &mut self,
        session: &mut Session,
        progress: &mut (impl FnMut(&str) + Send),
    ) -> Result<(), VersionError> {
        if self.reported.elapsed() < REPORT_INTERVAL {
            return Ok(());
        }
        self.reported = Instant::now();
        if self.can_tell {
            let sql = format!("select {}()", self.direction.function(self.version, "remaining"));
            let query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql));
            let remaining: i64 = query.fetch_one(&mut session.connection).await?;
            bookmark::write_remaining(session, self.direction, self.version, remaining).await?;
        }
        let now = bookmark::describe(&mut session.connection, self.direction, self.version, true).await?;
        progress(&now.to_string());
        Ok(())
    }
}

/// The state that the first batch of a pass gets.
fn start() -> Value {
    Value::Object(serde_json::Map::new())
}
