//! The rows of notify.

use protocol::{
    notify::{NotificationKind, NotificationState},
    state::UnknownWord,
    time::Timestamp,
};
use sqlx::{FromRow, Row, postgres::PgRow};
use uuid::Uuid;

/// A notification; `up.sql` says what the columns mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredNotification {
    pub id: Uuid,
    pub kind: NotificationKind,
    pub address: String,
    pub state: NotificationState,
    pub is_digest: bool,
    pub summary: String,
    pub content: String,
    pub source: Option<String>,
    pub reason: Option<String>,
    pub created: Timestamp,
    pub next_attempt: Option<Timestamp>,
    pub leased_until: Option<Timestamp>,
    pub attempts: i32,
    pub is_ambiguous: bool,
    pub finished: Option<Timestamp>,
    pub duplicates: i32,
    pub further: i32,
    pub further_summaries: Vec<String>,
}

/// An address to which nothing is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeniedAddress {
    pub kind: NotificationKind,
    pub address: String,
    pub reason: Option<String>,
    pub expires: Option<Timestamp>,
}

/// Notifications of a kind that wait to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingNotifications {
    pub kind: NotificationKind,
    pub pending: i64,
    /// When the oldest one was stored that is due.
    pub oldest: Option<Timestamp>,
}

fn decoded<T>(word: Result<T, UnknownWord>) -> sqlx::Result<T> {
    word.map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

fn kind_of(row: &PgRow) -> sqlx::Result<NotificationKind> {
    decoded(NotificationKind::from_code(row.try_get("kind")?))
}

impl FromRow<'_, PgRow> for StoredNotification {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get("notification_id")?,
            kind: kind_of(row)?,
            address: row.try_get("address")?,
            state: decoded(NotificationState::from_code(row.try_get("state")?))?,
            is_digest: row.try_get("is_digest")?,
            summary: row.try_get("summary")?,
            content: row.try_get("content")?,
            source: row.try_get("source")?,
            reason: row.try_get("reason")?,
            created: row.try_get("created")?,
            next_attempt: row.try_get("next_attempt")?,
            leased_until: row.try_get("leased_until")?,
            attempts: row.try_get("attempts")?,
            is_ambiguous: row.try_get("ambiguous")?,
            finished: row.try_get("finished")?,
            duplicates: row.try_get("duplicates")?,
            further: row.try_get("further")?,
            further_summaries: row.try_get("further_summaries")?,
        })
    }
}

impl FromRow<'_, PgRow> for DeniedAddress {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let (address, reason, expires) = (row.try_get("address")?, row.try_get("reason")?, row.try_get("expires")?);
        Ok(Self { kind: kind_of(row)?, address, reason, expires })
    }
}

impl FromRow<'_, PgRow> for WaitingNotifications {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self { kind: kind_of(row)?, pending: row.try_get("pending")?, oldest: row.try_get("oldest")? })
    }
}
