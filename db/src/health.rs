//! How the server does: settings that our tables rely on, and what holds up its cleaning. Nothing is changed here.

use protocol::time::Timestamp;
use sqlx::{ConnectOptions, FromRow, PgConnection};

use crate::{DbError, options};

/// What an operator should know of the server.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// By the server's own clock.
    pub time: Timestamp,
    pub autovacuum: Autovacuum,
    pub connections: Connections,
    /// How many transactions ago the oldest row of the database was frozen. At 2^31 the server stops.
    pub unfrozen_transactions: i64,
    /// What keeps dead rows from being removed, the oldest first.
    pub holders: Vec<Holder>,
    /// The tables with most dead rows.
    pub tables: Vec<TableRows>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct Autovacuum {
    pub enabled: bool,
    pub naptime_seconds: i64,
    pub workers: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct Connections {
    /// Of all clients, as far as the user may see them.
    pub used: i64,
    pub max: i64,
}

/// A transaction, a prepared transaction or a replication slot.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Holder {
    /// In words: what, and whose.
    pub who: String,
    /// `None` for a slot: the server does not say since when.
    pub seconds: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct TableRows {
    pub name: String,
    pub live: i64,
    pub dead: i64,
}

/// As the server believes it: counts are estimates.
pub async fn health(url: &str) -> Result<Health, DbError> {
    let mut connection = options::parse(url, "drover doctor")?.connect().await?;
    options::check_server(&connection)?;
    let connection = &mut connection;
    Ok(Health {
        time: sqlx::query_scalar("select clock_timestamp()").fetch_one(&mut *connection).await?,
        autovacuum: sqlx::query_as(AUTOVACUUM).fetch_one(&mut *connection).await?,
        connections: sqlx::query_as(CONNECTIONS).fetch_one(&mut *connection).await?,
        unfrozen_transactions: sqlx::query_scalar(UNFROZEN).fetch_one(&mut *connection).await?,
        holders: holders(connection).await?,
        tables: sqlx::query_as(TABLES).bind(options::SCHEMA).fetch_all(connection).await?,
    })
}

async fn holders(connection: &mut PgConnection) -> Result<Vec<Holder>, DbError> {
    Ok(sqlx::query_as(HOLDERS).fetch_all(connection).await?)
}

const AUTOVACUUM: &str = "
    select current_setting('autovacuum')::boolean as enabled,
           (select setting::bigint from pg_settings where name = 'autovacuum_naptime') as naptime_seconds,
           current_setting('autovacuum_max_workers')::bigint as workers";

const CONNECTIONS: &str = "
    select (select count(*) from pg_stat_activity where backend_type = 'client backend') as used,
           current_setting('max_connections')::bigint as max";

const UNFROZEN: &str = "select age(datfrozenxid)::bigint from pg_database where datname = current_database()";

/// Those of other databases hold up shared tables only.
const HOLDERS: &str = "
    select who, seconds from (
      select 'a transaction of ' || coalesce(nullif(application_name, ''), usename, 'somebody') || ' (server process ' || pid
               || ', ' || coalesce(state, 'in an unknown state') || ')' as who,
             extract(epoch from clock_timestamp() - xact_start)::float8 as seconds
      from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null
        and backend_type <> 'autovacuum worker'
      union all
      select 'the prepared transaction ' || gid || ' of ' || owner, extract(epoch from clock_timestamp() - prepared)::float8
      from pg_prepared_xacts where database = current_database()
      union all
      select 'the replication slot ' || slot_name || ', which nobody reads', null
      from pg_replication_slots where not active and coalesce(xmin, catalog_xmin) is not null
    ) holder order by seconds desc nulls first limit 5";

const TABLES: &str = "
    select relname::text as name, n_live_tup as live, n_dead_tup as dead
    from pg_stat_user_tables where schemaname = $1 order by n_dead_tup desc, relname limit 5";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDatabase;

    #[tokio::test]
    async fn what_is_held_open_is_found() {
        let database = TestDatabase::create().await;
        let before = health(database.url()).await.unwrap();
        assert!(before.autovacuum.workers > 0 && before.connections.max > 0 && !before.tables.is_empty(), "{before:?}");
        let held = database.hold("select 1 from drover.task limit 1").await;
        let found = health(database.url()).await.unwrap();
        assert!(found.holders.iter().any(|holder| holder.who.contains("idle in transaction")), "{found:?}");
        held.release().await;
    }
}
