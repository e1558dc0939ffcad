//! How far an online migration has come, in a row that its batches write in their own transactions.

use std::fmt;

use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;

use super::VersionError;
use super::direction::Direction;
use super::session::{self, Session};
use crate::DbError;
use crate::options::SCHEMA;

/// An online migration that was begun and is not complete.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OnlineMigration {
    pub version: u32,
    pub direction: Direction,
    /// Whether a process is at it now.
    pub running: bool,
    /// Rows changed so far, by all runs.
    pub changed: i64,
    /// About how many rows are left, as of the last report; `None` where the version cannot tell.
    pub remaining: Option<i64>,
    /// Of 0 to 100.
    pub percent: Option<f64>,
    /// At the mean rate since it was begun, pauses included.
    pub seconds_left: Option<f64>,
    pub seconds_since_last_batch: Option<f64>,
}

impl fmt::Display for OnlineMigration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "version {}: {} rows changed so far", self.version, self.changed)?;
        if let (Some(remaining), Some(percent)) = (self.remaining, self.percent) {
            write!(f, ", about {remaining} left ({percent:.0} %)")?;
        }
        if let Some(left) = self.seconds_left {
            write!(f, ", about {} to go", duration(left))?;
        }
        Ok(())
    }
}

/// In the largest unit that it fills.
fn duration(seconds: f64) -> String {
    let units = [(86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes")];
    match units.into_iter().find(|(unit, _)| seconds >= 2.0 * unit) {
        Some((unit, name)) => format!("{:.0} {name}", seconds / unit),
        None => format!("{seconds:.0} seconds"),
    }
}

/// Where the last batch ended, as the batch function describes it, and the rows changed up to there.
pub(super) async fn read(
    session: &mut Session,
    direction: Direction,
    version: u32,
) -> Result<Option<(Value, i64)>, VersionError> {
    let sql = "select state, changed from online_migration where version = $1 and direction = $2";
    let query = sqlx::query_as(sql).bind(number(version)).bind(direction.word());
    Ok(query.fetch_optional(&mut session.connection).await?)
}

/// Part of the transaction of a batch, so that a batch and its bookmark never differ.
pub(super) async fn write(
    transaction: &mut PgConnection,
    direction: Direction,
    version: u32,
    state: &Value,
    changed: i64,
) -> Result<(), VersionError> {
    let sql = "insert into online_migration (version, direction, state, changed, started, updated)
               values ($1, $2, $3, $4, clock_timestamp(), clock_timestamp())
               on conflict (version, direction) do update
                 set state = $3, changed = online_migration.changed + $4, updated = clock_timestamp()";
    let query = sqlx::query(sql).bind(number(version)).bind(direction.word()).bind(state).bind(changed);
    query.execute(transaction).await?;
    Ok(())
}

pub(super) async fn write_remaining(
    session: &mut Session,
    direction: Direction,
    version: u32,
    remaining: i64,
) -> Result<(), VersionError> {
    let sql = "update online_migration set rows_left = $3 where version = $1 and direction = $2";
    let query = sqlx::query(sql).bind(number(version)).bind(direction.word()).bind(remaining);
    query.execute(&mut session.connection).await?;
    Ok(())
}

pub(super) async fn delete(
    transaction: &mut PgConnection,
    direction: Direction,
    version: u32,
) -> Result<(), VersionError> {
    let query = sqlx::query("delete from online_migration where version = $1 and direction = $2");
    query.bind(number(version)).bind(direction.word()).execute(transaction).await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Progress {
    changed: i64,
    rows_left: Option<i64>,
    seconds_at_work: f64,
    seconds_since_last_batch: f64,
}

/// The online migration that was begun and is not done, in a database at `version`: one of that version on the way up, or
/// one of the version above it on the way down. Its functions are still there.
pub(super) async fn unfinished(
    connection: &mut PgConnection,
    version: u32,
) -> Result<Option<OnlineMigration>, DbError> {
    for (direction, of) in [(Direction::Down, version + 1), (Direction::Up, version)] {
        if session::has_function(connection, &direction.function(of, "batch")).await? {
            let running = session::is_locked(connection).await?;
            return Ok(Some(describe(connection, direction, of, running).await?));
        }
    }
    Ok(None)
}

/// What there is to tell about the online migration of `version`, whose functions are there.
pub(super) async fn describe(
    connection: &mut PgConnection,
    direction: Direction,
    version: u32,
    running: bool,
) -> Result<OnlineMigration, DbError> {
    let progress = progress(connection, direction, version).await?;
    let changed = progress.as_ref().map_or(0, |it| it.changed);
    let remaining = progress.as_ref().and_then(|it| it.rows_left);
    Ok(OnlineMigration {
        version,
        direction,
        running,
        changed,
        remaining,
        percent: remaining.and_then(|remaining| percent(changed, remaining)),
        seconds_left: progress.as_ref().and_then(seconds_left),
        seconds_since_last_batch: progress.map(|it| it.seconds_since_last_batch),
    })
}

async fn progress(
    connection: &mut PgConnection,
    direction: Direction,
    version: u32,
) -> Result<Option<Progress>, DbError> {
    // A database that no upgrade of a program with this table has touched has no online migration under way.
    let query = sqlx::query_scalar("select to_regclass($1) is not null").bind(format!("{SCHEMA}.online_migration"));
    if !query.fetch_one(&mut *connection).await? {
        return Ok(None);
    }
    let sql = "select changed, rows_left,
                      extract(epoch from updated - started)::float8 as seconds_at_work,
                      extract(epoch from clock_timestamp() - updated)::float8 as seconds_since_last_batch
               from online_migration where version = $1 and direction = $2";
    let query = sqlx::query_as(sql).bind(number(version)).bind(direction.word());
    Ok(query.fetch_optional(connection).await?)
}

#[expect(clippy::cast_precision_loss, reason = "a percentage for people")]
fn percent(changed: i64, remaining: i64) -> Option<f64> {
    let total = changed + remaining.max(0);
    (total > 0).then(|| 100.0 * changed as f64 / total as f64)
}

#[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
fn seconds_left(progress: &Progress) -> Option<f64> {
    let rows_left = progress.rows_left? as f64;
    (progress.changed > 0 && progress.seconds_at_work > 0.0)
        .then(|| rows_left * progress.seconds_at_work / progress.changed as f64)
}

fn number(version: u32) -> i32 {
    i32::try_from(version).unwrap_or(i32::MAX)
}
