//! The outbox, as its one reader sees it: `read_outbox`, `forget_outbox`, `discard_outbox`, `discard_unheard`.

mod row;

use std::time::Duration;

use protocol::event::{Event, EventKind};
use sqlx::{
    ConnectOptions,
    postgres::{PgConnectOptions, PgConnection},
};
use tokio::time::timeout;

use crate::{Db, DbError};

const CONNECT: Duration = Duration::from_secs(5);

/// First number of the advisory locks that say who reads a shard; the second is the shard.
const LOCK_CLASS: i32 = 2;

/// One shard of the outbox, on a connection of its own.
///
/// Whoever `hold`s it is its only reader until the connection ends, so events leave in the order of their ids without
/// a transaction being open while they are sent: a broker that is slow must not keep the database from tidying up.
pub struct Outbox {
    options: PgConnectOptions,
    shard: i16,
    connection: Option<PgConnection>,
    held: bool,
}

/// Events read and not yet forgotten. Rows of which no event can be made are in `ids` alone.
#[derive(Debug, Default)]
pub struct OutboxBatch {
    pub ids: Vec<i64>,
    pub events: Vec<Event>,
}

impl Db {
    /// Opens nothing yet.
    pub fn outbox(&self, shard: i16) -> Outbox {
        // A reader whose machine is gone must not hold its shard for hours.
        let keepalive = [("tcp_keepalives_idle", "3"), ("tcp_keepalives_interval", "2"), ("tcp_keepalives_count", "3")];
        let options = self.lane_options().clone().options(keepalive);
        Outbox { options, shard, connection: None, held: false }
    }
}

impl Outbox {
    /// Whether this is the reader of the shard now. Cheap when it was before.
    pub async fn hold(&mut self) -> Result<bool, DbError> {
        if self.held && self.connection.is_some() {
            return Ok(true);
        }
        let shard = i32::from(self.shard);
        let lock = sqlx::query_scalar("select pg_try_advisory_lock($1,$2)").bind(LOCK_CLASS).bind(shard);
        let mut connection = self.take().await?;
        let locked = lock.fetch_one(&mut connection).await;
        self.held = self.settle(connection, locked)?;
        Ok(self.held)
    }

    /// The oldest events, at most `limit`. They are there again at the next call unless forgotten.
    pub async fn read(&mut self, limit: i32) -> Result<OutboxBatch, DbError> {
        let read = sqlx::query("select * from read_outbox($1,$2)").bind(self.shard).bind(limit);
        let mut connection = self.take().await?;
        let rows = read.fetch_all(&mut connection).await;
        let rows = self.settle(connection, rows)?;
        let mut batch = OutboxBatch::default();
        for row in &rows {
            batch.ids.push(row::id(row)?);
            batch.events.extend(row::event(row));
        }
        Ok(batch)
    }

    /// The events were sent.
    pub async fn forget(&mut self, ids: &[i64]) -> Result<(), DbError> {
        let forget = sqlx::query("select forget_outbox($1)").bind(ids);
        let mut connection = self.take().await?;
        let forgotten = forget.execute(&mut connection).await;
        self.settle(connection, forgotten).map(drop)
    }

    /// Drops at most `limit` events unread; how many there were.
    pub async fn discard(&mut self, limit: i32) -> Result<i64, DbError> {
        let discard = sqlx::query_scalar("select discard_outbox($1,$2)").bind(self.shard).bind(limit);
        let mut connection = self.take().await?;
        let discarded = discard.fetch_one(&mut connection).await;
        self.settle(connection, discarded)
    }

    /// Drops at most `limit` events of other kinds than these unread; how many there were.
    pub async fn discard_unheard(&mut self, heard: &[EventKind], limit: i32) -> Result<i64, DbError> {
        let heard: Vec<i16> = heard.iter().map(|kind| kind.code()).collect();
        let discard = sqlx::query_scalar("select discard_unheard($1,$2,$3)").bind(self.shard).bind(heard).bind(limit);
        let mut connection = self.take().await?;
        let discarded = discard.fetch_one(&mut connection).await;
        self.settle(connection, discarded)
    }

    /// The connection for one call. A call that is given up in the middle does not bring it back.
    async fn take(&mut self) -> Result<PgConnection, DbError> {
        if let Some(connection) = self.connection.take() {
            return Ok(connection);
        }
        self.held = false;
        let opened = timeout(CONNECT, self.options.connect()).await;
        opened.map_err(|_| DbError::late("no connection within 5 s"))?.map_err(DbError::from)
    }

    fn settle<T>(&mut self, connection: PgConnection, result: Result<T, sqlx::Error>) -> Result<T, DbError> {
        let result = result.map_err(DbError::from);
        if !result.as_ref().is_err_and(DbError::ends_connection) {
            self.connection = Some(connection);
        }
        result
    }
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbox").field("shard", &self.shard).field("held", &self.held).finish_non_exhaustive()
    }
}
