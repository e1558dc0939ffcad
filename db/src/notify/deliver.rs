//! Delivery: leases and what comes of them.

use chrono::TimeDelta;
use protocol::{
    notify::{NotificationKind, NotificationState},
    time::Timestamp,
};
use sqlx::FromRow;
use uuid::Uuid;

use super::{StoredNotification, WaitingNotifications};
use crate::{Db, DbError, Rows};

/// A leased notification. An attempt that took longer than its lease, and was repeated elsewhere, changes nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    pub id: Uuid,
    pub attempt: i32,
}

/// How a delivery ended for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finish<'a> {
    pub state: NotificationState,
    /// The answer, or why it was given up.
    pub reason: &'a str,
    /// The destination itself was refused for good.
    pub is_hard: bool,
    /// How long an address is denied that was refused too often.
    pub denied_for: TimeDelta,
}

impl Db {
    /// `notify_take`: leases at most `limit`, one of each destination at most.
    pub async fn notify_take(
        &self,
        kind: NotificationKind,
        min_gap: TimeDelta,
        lease: TimeDelta,
        limit: i32,
        now: Timestamp,
    ) -> Result<Rows<StoredNotification>, DbError> {
        let call = sqlx::query("select * from notify_take($1,$2,$3,$4,$5)").bind(kind.code()).bind(min_gap);
        let rows = call.bind(now + lease).bind(limit).bind(now).fetch_all(self.pool()).await?;
        Ok(Rows::read("notification", &rows, StoredNotification::from_row))
    }

    /// `notify_finish`: whether this attempt still had the lease.
    pub async fn notify_finish(&self, lease: Lease, finish: Finish<'_>, now: Timestamp) -> Result<bool, DbError> {
        let Finish { state, reason, is_hard, denied_for } = finish;
        let call = sqlx::query_scalar("select notify_finish($1,$2,$3,$4,$5,$6,$7)").bind(lease.id).bind(lease.attempt);
        let call = call.bind(state.code()).bind(reason).bind(is_hard).bind(denied_for).bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `notify_retry`: whether this attempt still had the lease. `is_ambiguous`: the notification may have arrived.
    pub async fn notify_retry(
        &self,
        lease: Lease,
        next_attempt: Timestamp,
        reason: &str,
        is_ambiguous: bool,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let call = sqlx::query_scalar("select notify_retry($1,$2,$3,$4,$5,$6)").bind(lease.id).bind(lease.attempt);
        let call = call.bind(next_attempt).bind(reason).bind(is_ambiguous).bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `notify_give_up`: how many.
    pub async fn notify_give_up(&self, limit: i32, now: Timestamp) -> Result<i32, DbError> {
        let call = sqlx::query_scalar("select notify_give_up($1,$2)").bind(limit).bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `notify_counts`.
    pub async fn waiting_notifications(&self, now: Timestamp) -> Result<Rows<WaitingNotifications>, DbError> {
        let rows = sqlx::query("select * from notify_counts($1)").bind(now).fetch_all(self.pool()).await?;
        Ok(Rows::read("notification count", &rows, WaitingNotifications::from_row))
    }
}
