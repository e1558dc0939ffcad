//! The pool for reading and for everything that is not hot, and the batch connections.

use std::fmt;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgPool};

use crate::batch_connection::IDLE;
use crate::{BatchConnection, DbError, options, versions};

/// How to reach the database and how much of it to use.
#[derive(Clone)]
pub struct DbSettings {
    /// `postgresql://user:password@host:port/database`, or `postgresql:///database?host=DIR&user=NAME` for a
    /// Unix socket in the directory `DIR`. PostgreSQL 15 or newer.
    pub url: String,
    /// Connections of the pool that serves reads and rare commands. Batch connections are not counted.
    pub pool_size: u32,
    /// How long a caller waits for a connection of the pool.
    pub acquire_timeout: Duration,
    /// The server gives up a statement of the pool after this long.
    pub statement_timeout: Duration,
    /// The server ends a transaction that its client left open for this long: an old snapshot slows every claim.
    pub idle_in_transaction_timeout: Duration,
    /// The name shown in `pg_stat_activity`.
    pub application_name: String,
}

impl DbSettings {
    /// The defaults, for `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            pool_size: 8,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
            idle_in_transaction_timeout: Duration::from_secs(10),
            application_name: "drover".to_owned(),
        }
    }
}

/// The URL may hold a password, so it is not shown.
impl fmt::Debug for DbSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("DbSettings").field("pool_size", &self.pool_size).finish_non_exhaustive()
    }
}

/// The database, as the other crates hold it. Clones share one pool.
#[derive(Clone)]
pub struct Db {
    pool: PgPool,
    batch_options: PgConnectOptions,
}

impl fmt::Debug for Db {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Db").field("connections", &self.pool.size()).finish_non_exhaustive()
    }
}

impl Db {
    /// Connects, and refuses a server older than PostgreSQL 15 and a database that was not yet upgraded to the
    /// newest version this program knows. A database ahead of the program is fine.
    pub async fn connect(settings: &DbSettings) -> Result<Self, DbError> {
        let base = options::parse(&settings.url, &settings.application_name)?;
        let limited =
            options::with_limits(base.clone(), settings.statement_timeout, settings.idle_in_transaction_timeout);
        let pool = PgPoolOptions::new()
            .max_connections(settings.pool_size)
            .acquire_timeout(settings.acquire_timeout)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move { Ok(meta.idle_for < IDLE || connection.ping().await.is_ok()) })
            })
            .connect_with(limited)
            .await?;
        let db = Self { pool, batch_options: BatchConnection::options(base, settings.idle_in_transaction_timeout) };
        db.check().await?;
        Ok(db)
    }

    /// A connection of its own for a hot statement. Nothing is opened before the first call.
    pub fn batch_connection(&self) -> BatchConnection {
        BatchConnection::new(self.batch_options.clone())
    }

    /// One round trip to the server and back.
    pub async fn ping(&self) -> Result<(), DbError> {
        sqlx::query("select 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Whether the database is at the version that this program needs, or above; [`DbError::Behind`] where it is not.
    pub async fn check_version(&self) -> Result<(), DbError> {
        versions::require(&mut *self.pool.acquire().await?).await
    }

    /// The online migration that an upgrade or downgrade began and has not completed.
    pub async fn online_migration(&self) -> Result<Option<versions::OnlineMigration>, DbError> {
        versions::online_migration(&mut *self.pool.acquire().await?).await
    }

    /// Closes the pool once the calls under way are answered. Batch connections close when they are dropped.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    pub(crate) fn batch_options(&self) -> &PgConnectOptions {
        &self.batch_options
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    async fn check(&self) -> Result<(), DbError> {
        let mut connection = self.pool.acquire().await?;
        options::check_server(&connection)?;
        versions::require(&mut connection).await
    }
}
