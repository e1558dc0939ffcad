//! A connection held for good by one batcher: no pool between the statement and the server.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::time::{Instant, timeout};

use crate::{DbError, options};

/// The server cancels a statement after this long.
const STATEMENT: Duration = Duration::from_secs(30);
/// A reconnect that takes longer counts as "away"; callers are waiting.
const CONNECT: Duration = Duration::from_secs(5);

/// A connection unused for longer is pinged first, or the first request after a restart of the server would fail. A busy one
/// needs no ping: its next call fails and reconnects.
pub(crate) const IDLE: Duration = Duration::from_secs(1);

/// One connection, opened when first needed and again after a failure.
///
/// A call is `connection.settle(query.fetch_all(connection.ensure().await?).await)`. A call whose future was dropped never reaches `settle`, and the next `ensure` then opens a fresh connection.
pub struct BatchConnection {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
    in_call: bool,
    last_used: Instant,
}

impl std::fmt::Debug for BatchConnection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("BatchConnection").field("open", &self.connection.is_some()).finish_non_exhaustive()
    }
}

impl BatchConnection {
    /// Makes sure that the connection is there, so that the first request does not pay for it.
    pub async fn ready(&mut self) -> Result<(), DbError> {
        self.ensure().await?;
        self.settle(Ok(()))
    }

    /// The connection, reopened if the last call broke it or was given up.
    pub(crate) async fn ensure(&mut self) -> Result<&mut PgConnection, DbError> {
        if self.in_call {
            self.connection = None;
        }
        let connection = match self.still_there().await {
            Some(connection) => connection,
            None => self.open().await?,
        };
        self.in_call = true;
        Ok(self.connection.insert(connection))
    }

    /// Ends the call, and drops the connection after an error that breaks it.
    pub(crate) fn settle<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T, DbError> {
        self.in_call = false;
        self.last_used = Instant::now();
        result.map_err(|error| {
            let error = DbError::from(error);
            if error.ends_connection() {
                self.connection = None;
            }
            error
        })
    }

    pub(crate) fn new(options: PgConnectOptions) -> Self {
        Self { options, connection: None, in_call: false, last_used: Instant::now() }
    }

    /// One plan per statement, made once: the arrays of a batch differ in length, not in the plan they need. Every such
    /// statement uses an index; a plan made while a table was still empty must not do otherwise.
    pub(crate) fn options(base: PgConnectOptions, idle: Duration) -> PgConnectOptions {
        options::with_limits(base, STATEMENT, idle).options([
            ("plan_cache_mode", "force_generic_plan"),
            ("enable_seqscan", "off"),
            ("enable_bitmapscan", "off"),
        ])
    }

    async fn still_there(&mut self) -> Option<PgConnection> {
        let mut connection = self.connection.take()?;
        if self.last_used.elapsed() < IDLE {
            return Some(connection);
        }
        matches!(timeout(CONNECT, connection.ping()).await, Ok(Ok(()))).then_some(connection)
    }

    async fn open(&self) -> Result<PgConnection, DbError> {
        let opened = timeout(CONNECT, self.options.connect()).await;
        opened.map_err(|_| DbError::late("no connection within 5 s"))?.map_err(DbError::from)
    }
}

#[cfg(test)]
mod tests;
