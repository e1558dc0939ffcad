//! The outbox, as its one reader sees it: `read_outbox`, `delete_outbox`, `discard_outbox`, and, where events are kept, `move_outbox`, `move_outbox_unread`, `rotate_event_log`.

mod filter;
mod log;
mod row;
#[cfg(test)]
mod tests;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
pub use filter::EventFilter;
pub use log::{LogEnds, LogPage, LoggedEvent};
use protocol::event::{Event, EventKind};
use sqlx::{
    ConnectOptions,
    postgres::{PgConnectOptions, PgConnection},
};
use tokio::time::timeout;

use crate::{Db, DbError};

const CONNECT: Duration = Duration::from_secs(5);

/// When the log could not be made ready, it is tried again after this long.
const TRY_AGAIN: TimeDelta = TimeDelta::seconds(30);

/// First number of the advisory locks that a reader holds, `lock_outbox_shard()`; the second is the shard.
pub(crate) const LOCK_CLASS: i32 = 2;

/// One shard of the outbox, on a connection of its own.
///
/// Whoever `hold`s it is its only reader until the connection ends, so events leave in the order of their ids without
/// a transaction being open while they are sent: a broker that is slow must not keep the database from tidying up.
pub struct Outbox {
    options: PgConnectOptions,
    shard: i16,
    connection: Option<PgConnection>,
    held: bool,
    /// Until when the log has partitions.
    log_ready_until: Option<DateTime<Utc>>,
}

/// The server's process that serves a relay, and since when it waits for the relay to ask for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdleHolder {
    pid: i32,
    since: DateTime<Utc>,
}

/// Events read and not yet deleted.
#[derive(Debug, Default)]
pub struct OutboxBatch {
    pub ids: Vec<i64>,
    pub events: Vec<Event>,
    /// Rows of which no event can be made, and why.
    pub unreadable: Vec<(i64, String)>,
}

impl Db {
    /// Opens nothing yet.
    pub fn outbox(&self, shard: i16) -> Outbox {
        // A reader whose machine is gone must not hold its shard for hours.
        let keepalive = [("tcp_keepalives_idle", "3"), ("tcp_keepalives_interval", "2"), ("tcp_keepalives_count", "3")];
        let options = self.batch_options().clone().options(keepalive);
        Outbox { options, shard, connection: None, held: false, log_ready_until: None }
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

    /// The oldest events, at most `limit`; of those outside the filter only the ids. They are there again at the next
    /// call unless deleted or logged.
    pub async fn read(&mut self, filter: &EventFilter, limit: i32) -> Result<OutboxBatch, DbError> {
        let codes = |kinds: &[EventKind]| kinds.iter().map(|kind| kind.code()).collect::<Vec<i16>>();
        let read = sqlx::query("select * from read_outbox($1,$2,$3,$4)")
            .bind(self.shard)
            .bind(codes(&filter.all_of))
            .bind(codes(&filter.by_route))
            .bind(limit);
        let mut connection = self.take().await?;
        let rows = read.fetch_all(&mut connection).await;
        let rows = self.settle(connection, rows)?;
        let mut batch = OutboxBatch::default();
        for row in &rows {
            let id = row::id(row)?;
            batch.ids.push(id);
            if row::is_read(row)? {
                match row::event(row) {
                    Ok(event) => batch.events.push(event),
                    Err(error) => batch.unreadable.push((id, error.to_string())),
                }
            }
        }
        Ok(batch)
    }

    /// Makes the log's partitions for today and tomorrow, and drops the days before `keep`. Cheap when it was called today.
    /// A failure can be survived for a day: today's partition was made the day before.
    pub async fn prepare_log(&mut self, keep: TimeDelta, now: DateTime<Utc>) -> Result<(), DbError> {
        if self.log_ready_until.is_some_and(|until| now < until) {
            return Ok(());
        }
        let keep_from = now.checked_sub_signed(keep).unwrap_or(DateTime::UNIX_EPOCH);
        let prepare = sqlx::query_scalar("select rotate_event_log($1,$2)").bind(keep_from).bind(now);
        let mut connection = self.take().await?;
        let until = prepare.fetch_one(&mut connection).await;
        let until = self.settle(connection, until);
        self.log_ready_until = Some(*until.as_ref().unwrap_or(&(now + TRY_AGAIN)));
        until.map(drop)
    }

    /// Moves events that were sent into the log.
    pub async fn log(&mut self, ids: &[i64], now: DateTime<Utc>) -> Result<(), DbError> {
        let keep = sqlx::query("select move_outbox($1,$2)").bind(ids).bind(now);
        let mut connection = self.take().await?;
        let kept = keep.execute(&mut connection).await;
        self.settle(connection, kept).map(drop)
    }

    /// Moves at most `limit` events into the log unread; how many there were.
    pub async fn log_unread(&mut self, limit: i32, now: DateTime<Utc>) -> Result<i64, DbError> {
        let keep = sqlx::query_scalar("select move_outbox_unread($1,$2,$3)").bind(self.shard).bind(limit).bind(now);
        let mut connection = self.take().await?;
        let kept = keep.fetch_one(&mut connection).await;
        self.settle(connection, kept)
    }

    /// Deletes events that were sent.
    pub async fn delete(&mut self, ids: &[i64]) -> Result<(), DbError> {
        let forget = sqlx::query("select delete_outbox($1)").bind(ids);
        let mut connection = self.take().await?;
        let forgotten = forget.execute(&mut connection).await;
        self.settle(connection, forgotten).map(drop)
    }

    /// Deletes at most `limit` events unread; how many there were.
    pub async fn discard(&mut self, limit: i32) -> Result<i64, DbError> {
        let discard = sqlx::query_scalar("select discard_outbox($1,$2)").bind(self.shard).bind(limit);
        let mut connection = self.take().await?;
        let discarded = discard.fetch_one(&mut connection).await;
        self.settle(connection, discarded)
    }

    /// The relay that holds the shard, as long as it does nothing at all.
    pub async fn idle_holder(&mut self) -> Result<Option<IdleHolder>, DbError> {
        let ask = sqlx::query_as("select pid, since from relay_holder($1) where waiting").bind(self.shard);
        let mut connection = self.take().await?;
        let holder = ask.fetch_optional(&mut connection).await;
        let holder: Option<(i32, DateTime<Utc>)> = self.settle(connection, holder)?;
        Ok(holder.map(|(pid, since)| IdleHolder { pid, since }))
    }

    /// Takes the shard from a relay that still does nothing. It may be frozen, and its connection would keep the shard.
    pub async fn end_holder(&mut self, holder: IdleHolder) -> Result<bool, DbError> {
        let end = sqlx::query_scalar("select end_relay($1,$2,$3)").bind(self.shard).bind(holder.pid).bind(holder.since);
        let mut connection = self.take().await?;
        let ended = end.fetch_one(&mut connection).await;
        self.settle(connection, ended)
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
