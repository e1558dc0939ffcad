//! A connection held for good by one lane: no pool between the step and the server.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::time::{Instant, timeout};

use crate::{DbError, options};

/// The server gives up a step after this long.
const STATEMENT: Duration = Duration::from_secs(30);
/// A reconnect that takes longer counts as "away"; the callers of the lane are waiting.
const CONNECT: Duration = Duration::from_secs(5);

/// A connection unused for longer is asked whether it is still there, lest the first request after a restart of
/// the server fails. One that works all the time finds out by working.
pub(crate) const IDLE: Duration = Duration::from_secs(1);

/// One connection, opened when first needed and again after a failure.
///
/// A call is `lane.settle(query.fetch_all(lane.ensure().await?).await)`. A call that was given up in the middle
/// (its future dropped) never reaches `settle`, and the next `ensure` then opens a fresh connection.
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

    /// Takes note of how the call ended, and drops the connection if the error says that it is of no more use.
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

    /// One plan per statement, made once: the arrays of a lane differ in length, not in what they need. Every
    /// statement of a lane goes by an index; a plan made while a table was still empty must not say otherwise.
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
