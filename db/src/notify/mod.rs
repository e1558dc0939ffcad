//! Notifications: those to be delivered and those that were, and the deny list.

mod deliver;
mod denials;
mod rows;
#[cfg(test)]
mod tests;

pub use deliver::{Finish, Lease};
use protocol::{
    exchanges::notify::NOTIFICATION,
    notify::{Acceptance, NotificationKind, NotificationState},
    time::Timestamp,
};
pub use rows::{DeniedAddress, StoredNotification, WaitingNotifications};
use sqlx::{FromRow, Row};
use uuid::Uuid;

use crate::{Db, DbError, Rows};

/// A notification to be taken in.
#[derive(Debug, Clone)]
pub struct NewNotification {
    pub id: Uuid,
    /// Of the digest that begins if this one is beyond the limit.
    pub digest_id: Uuid,
    pub kind: NotificationKind,
    pub address: String,
    pub summary: String,
    /// JSON of the kind's type.
    pub content: String,
    /// Of kind, address and content.
    pub content_hash: Vec<u8>,
    /// What it comes from, where it must come from that only once.
    pub source: Option<String>,
    /// Where the notification is published instead of being delivered.
    pub message: Option<NewMessage>,
}

/// A message for the exchange of notifications.
#[derive(Debug, Clone)]
pub struct NewMessage {
    pub routing_key: String,
    pub cc: Vec<String>,
    /// JSON.
    pub body: String,
}

/// Position in the list of notifications: time and id.
pub type NotificationKey = (Timestamp, Uuid);

impl Db {
    /// `notify_accept`. What cannot be stored or sent is refused with an error that [is permanent](DbError::is_permanent).
    /// `limit`: e-mails of one destination in a window.
    pub async fn notify_accept(
        &self,
        new: &NewNotification,
        limit: i32,
        now: Timestamp,
    ) -> Result<(Acceptance, Option<Uuid>), DbError> {
        let NewNotification { id, digest_id, kind, address, summary, content, content_hash, source, message } = new;
        let call = sqlx::query("select * from notify_accept($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15)");
        let call = call.bind(id).bind(digest_id).bind(kind.code()).bind(address).bind(kind.destination(address));
        let call = call.bind(summary).bind(content).bind(content_hash).bind(source);
        let call = call
            .bind(message.as_ref().map(|_| NOTIFICATION.name))
            .bind(message.as_ref().map(|message| &message.routing_key))
            .bind(message.as_ref().map_or(&[][..], |message| &message.cc))
            .bind(message.as_ref().map(|message| &message.body));
        let row = call.bind(limit).bind(now).fetch_one(self.pool()).await?;
        let acceptance: i16 = row.try_get("acceptance")?;
        let acceptance = Acceptance::from_code(acceptance).map_err(|error| DbError::Answer(Box::new(error)))?;
        Ok((acceptance, row.try_get("notification_id")?))
    }

    /// `notify_get`.
    pub async fn notification(&self, id: Uuid) -> Result<Option<StoredNotification>, DbError> {
        let row = sqlx::query("select * from notify_get($1)").bind(id).fetch_optional(self.pool()).await?;
        Ok(row.map(|row| StoredNotification::from_row(&row)).transpose()?)
    }

    /// `notify_list`: the newest first, at most `limit` before the given one.
    pub async fn notifications(
        &self,
        state: Option<NotificationState>,
        destination: Option<&str>,
        before: Option<NotificationKey>,
        limit: i32,
    ) -> Result<Rows<StoredNotification>, DbError> {
        let call = sqlx::query("select * from notify_list($1,$2,$3,$4,$5)")
            .bind(state.map(NotificationState::code))
            .bind(destination)
            .bind(before.map(|(created, _)| created))
            .bind(before.map(|(_, id)| id))
            .bind(limit);
        let rows = call.fetch_all(self.pool()).await?;
        Ok(Rows::read("notification", &rows, StoredNotification::from_row))
    }

    /// `notify_expire`: how many of the most frequent kind.
    pub async fn expire_notifications(&self, limit: i32, now: Timestamp) -> Result<i32, DbError> {
        let call = sqlx::query_scalar("select notify_expire($1,$2)").bind(limit).bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }
}
