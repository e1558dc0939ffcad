//! One connection that reads the version of a database and changes it, a step per transaction.

use std::time::Duration;

use sqlx::postgres::{PgConnection, Postgres};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Transaction};

use super::VersionError;
use super::busy::LOCK_TIMEOUT;
use crate::DbError;
use crate::options::{self, SCHEMA};

/// Any number will do, as long as nobody else in this database uses it: "drov" in ASCII.
const LOCK: i64 = 0x6472_6f76;
const LOCK_PAUSE: Duration = Duration::from_millis(100);
const LOCK_MINUTES: u64 = 10;
/// How long an ended statement may take to be over at the server, in milliseconds.
const ENDED_WITHIN_MS: i64 = 10_000;
/// The server looks so often whether a client is still there while it works for it.
const CLIENT_CHECK: &str = "set client_connection_check_interval = '1s'";

/// Where the batches of an online migration are (`bookmark.rs`). Of no version, like `schema_version`.
const ONLINE_MIGRATION: &str = "
    create table if not exists online_migration (
      version integer not null,
      direction text not null check (direction in ('up', 'down')),
      state jsonb not null,
      changed bigint not null,
      rows_left bigint,
      started timestamptz not null,
      updated timestamptz not null,
      primary key (version, direction)
    )";

pub(super) struct Session {
    pub(super) connection: PgConnection,
    url: String,
}

impl Session {
    pub(super) async fn open(url: &str) -> Result<Self, VersionError> {
        Ok(Self { connection: connect(url).await?, url: url.to_owned() })
    }

    /// A new connection in place of one that was left in the middle of a statement.
    pub(super) async fn reopen(&mut self) -> Result<(), VersionError> {
        self.connection = connect(&self.url).await?;
        Ok(())
    }

    /// The process of the server that works for this session.
    pub(super) async fn server_process(&mut self) -> Result<i32, VersionError> {
        Ok(sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut self.connection).await?)
    }

    /// A description of the oldest open transaction of this database, if there is one.
    pub(super) async fn oldest_transaction(&mut self) -> Result<Option<String>, VersionError> {
        let query = sqlx::query_scalar(
            "select coalesce(nullif(application_name, ''), usename, 'somebody') || ', server process ' || pid
                    || ', open for ' || extract(epoch from clock_timestamp() - xact_start)::bigint || ' s'
             from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null
             order by xact_start limit 1",
        );
        Ok(query.fetch_optional(&mut self.connection).await?)
    }

    /// Waits until nobody else upgrades, and holds everybody else off until this session ends.
    pub(super) async fn lock(&mut self, mut progress: impl FnMut(&str)) -> Result<(), VersionError> {
        let rounds = LOCK_MINUTES * 60_000 / 100;
        for round in 0..rounds {
            let query = sqlx::query_scalar("select pg_try_advisory_lock($1)").bind(LOCK);
            if query.fetch_one(&mut self.connection).await? {
                return Ok(());
            }
            if round == 0 {
                progress("waiting for another upgrade to finish");
            }
            tokio::time::sleep(LOCK_PAUSE).await;
        }
        Err(VersionError::StillLocked { minutes: LOCK_MINUTES })
    }

    /// Creates the schema and the one row that holds the version.
    pub(super) async fn prepare(&mut self) -> Result<(), VersionError> {
        let create = format!(
            "create schema if not exists {SCHEMA};
             create table if not exists {SCHEMA}.schema_version (
               version integer not null,
               only_row boolean primary key default true check (only_row)
             );
             insert into {SCHEMA}.schema_version (version) values (0) on conflict do nothing;
             {ONLINE_MIGRATION};"
        );
        sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut self.connection).await?;
        Ok(())
    }

    pub(super) async fn current(&mut self) -> Result<u32, VersionError> {
        Ok(current(&mut self.connection).await?)
    }

    /// Opens a transaction that holds the version row, which must be at `expected`.
    pub(super) async fn step(&mut self, expected: u32) -> Result<Transaction<'_, Postgres>, VersionError> {
        let mut transaction = self.connection.begin().await?;
        let query = sqlx::query_scalar("select version from schema_version for update");
        let found: i32 = query.fetch_one(&mut *transaction).await?;
        let found = found.unsigned_abs();
        if found == expected { Ok(transaction) } else { Err(VersionError::AnotherRuns { expected, found }) }
    }

    pub(super) async fn has_function(&mut self, name: &str) -> Result<bool, VersionError> {
        Ok(has_function(&mut self.connection, name).await?)
    }
}

async fn connect(url: &str) -> Result<PgConnection, VersionError> {
    let options = options::parse(url, "drover db")?.options([
        ("lock_timeout", LOCK_TIMEOUT),
        ("statement_timeout", "0"),
        ("client_min_messages", "warning"),
    ]);
    let mut connection = options.connect().await?;
    options::check_server(&connection)?;
    // Not every system can look: there a statement whose client was killed runs to its end.
    let _ = sqlx::raw_sql(CLIENT_CHECK).execute(&mut connection).await;
    Ok(connection)
}

/// Ends what this process of the server is at, and waits until it is gone. What it had not committed is rolled back.
pub(super) async fn end(url: &str, server_process: i32) -> Result<(), VersionError> {
    let mut connection = connect(url).await?;
    let query = sqlx::query("select pg_terminate_backend($1, $2)").bind(server_process).bind(ENDED_WITHIN_MS);
    query.execute(&mut connection).await?;
    Ok(())
}

pub(super) async fn has_function(connection: &mut PgConnection, name: &str) -> Result<bool, DbError> {
    let query = sqlx::query_scalar(
        "select exists (select from pg_proc p join pg_namespace n on n.oid = p.pronamespace
         where n.nspname = $1 and p.proname = $2)",
    );
    Ok(query.bind(SCHEMA).bind(name).fetch_one(connection).await?)
}

/// Whether a session of this database holds the lock of an upgrade.
pub(super) async fn is_locked(connection: &mut PgConnection) -> Result<bool, DbError> {
    let sql = "select exists (select from pg_locks l join pg_database d on d.oid = l.database
               where d.datname = current_database() and l.locktype = 'advisory' and l.granted and l.objsubid = 1
                 and (l.classid::bigint << 32) | l.objid::bigint = $1)";
    Ok(sqlx::query_scalar(sql).bind(LOCK).fetch_one(connection).await?)
}

/// The version of the database; 0 when nothing of ours is there.
pub(super) async fn current(connection: &mut PgConnection) -> Result<u32, DbError> {
    let query = sqlx::query_scalar("select to_regclass($1) is not null").bind(format!("{SCHEMA}.schema_version"));
    if !query.fetch_one(&mut *connection).await? {
        return Ok(0);
    }
    let version: Option<i32> =
        sqlx::query_scalar("select version from schema_version").fetch_optional(connection).await?;
    Ok(version.unwrap_or_default().unsigned_abs())
}

/// Runs the statements of a script inside the transaction; `what` names it in the error.
pub(super) async fn run(transaction: &mut PgConnection, what: String, sql: &str) -> Result<(), VersionError> {
    match sqlx::raw_sql(AssertSqlSafe(sql)).execute(transaction).await {
        Ok(_) => Ok(()),
        Err(error) => Err(VersionError::Step { step: what, source: error.into() }),
    }
}

pub(super) async fn set_version(transaction: &mut PgConnection, version: u32) -> Result<(), VersionError> {
    let version = i32::try_from(version).unwrap_or(i32::MAX);
    sqlx::query("update schema_version set version = $1").bind(version).execute(transaction).await?;
    Ok(())
}
