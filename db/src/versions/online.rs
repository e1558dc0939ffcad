//! Changes too slow for one transaction: many small batches, to be stopped and resumed at any of them.
//!
//! `online.sql` of version N creates `online_migration_vN_batch(batch_size_in integer, state_in jsonb)
//! returns table (count integer, state jsonb)` and `online_migration_vN_is_complete() returns boolean`;
//! `down.sql` may create `online_downgrade_vN_...` alike. Both are dropped when they are done.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::VersionError;
use super::busy::Busy;
use super::session::{self, Session};

/// What a batch should take: long enough to progress, short enough to delay nobody.
const AIM: Duration = Duration::from_secs(1);
const LARGEST_BATCH: i32 = 100_000;
/// Time between two reports of progress.
const WORD: Duration = Duration::from_secs(5);

#[derive(Clone, Copy)]
pub(super) enum Direction {
    Up,
    Down,
}

impl Direction {
    fn function(self, version: u32, end: &str) -> String {
        match self {
            Self::Up => format!("online_migration_v{version}_{end}"),
            Self::Down => format!("online_downgrade_v{version}_{end}"),
        }
    }

    /// The database version that holds while the batches of `version` run.
    fn holds(self, version: u32) -> u32 {
        match self {
            Self::Up => version,
            Self::Down => version - 1,
        }
    }
}

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
    let mut batches = Batches { direction, version, size: 1, state: Value::Object(serde_json::Map::new()), rows: 0 };
    let mut last_word = Instant::now();
    while !batches.is_complete(session).await? {
        while batches.next_when_free(session, progress).await? > 0 {
            if last_word.elapsed() >= WORD {
                progress(&format!("version {version}: {} rows changed so far", batches.rows));
                last_word = Instant::now();
            }
        }
        batches.state = Value::Object(serde_json::Map::new());
    }
    progress(&format!("version {version}: online migration complete, {} rows changed", batches.rows));
    drop_functions(session, direction, version).await
}

/// Drops what an online migration of `version` left, whether done or given up.
pub(super) async fn drop_functions(
    session: &mut Session,
    direction: Direction,
    version: u32,
) -> Result<(), VersionError> {
    for end in ["batch", "is_complete"] {
        let name = direction.function(version, end);
        let sql = format!("drop function if exists {name}");
        session::run(&mut session.connection, format!("dropping {name}"), &sql).await?;
    }
    Ok(())
}

struct Batches {
    direction: Direction,
    version: u32,
    size: i32,
    /// Where the last batch ended, as the batch function describes it.
    state: Value,
    rows: i64,
}

impl Batches {
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

    /// One batch in a transaction of its own; the rows it changed.
    async fn next(&mut self, session: &mut Session) -> Result<i32, VersionError> {
        let started = Instant::now();
        let name = self.direction.function(self.version, "batch");
        let sql = format!("select count, state from {name}($1, $2)");
        let mut transaction = session.step(self.direction.holds(self.version)).await?;
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(self.size).bind(&self.state);
        let (count, state): (i32, Option<Value>) = query.fetch_one(&mut *transaction).await?;
        transaction.commit().await?;
        self.rows += i64::from(count);
        self.state = state.unwrap_or_default();
        self.size = steer(self.size, started.elapsed());
        Ok(count)
    }
}

/// The next size of a batch: twice as large while it stays well below the aim, half when it overran.
fn steer(size: i32, took: Duration) -> i32 {
    if took < AIM / 2 {
        (size * 2).min(LARGEST_BATCH)
    } else if took > AIM {
        (size / 2).max(1)
    } else {
        size
    }
}
