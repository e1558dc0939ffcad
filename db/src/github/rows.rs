//! The rows of GitHub.

use protocol::{
    github::{BuildState, DeliveryState, Repository},
    id::TaskGroupId,
    state::UnknownWord,
    time::Timestamp,
};
use sqlx::{FromRow, Row, postgres::PgRow};

/// A delivery; `up.sql` says what the columns mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    pub delivery_id: String,
    pub event: String,
    pub body: String,
    pub repository: String,
    pub subject: String,
    pub state: DeliveryState,
    pub reason: Option<String>,
    pub received: Timestamp,
    pub next_attempt: Option<Timestamp>,
    pub leased_until: Option<Timestamp>,
    pub attempts: i32,
    pub finished: Option<Timestamp>,
}

/// A build; `up.sql` says what the columns mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildRow {
    pub task_group_id: TaskGroupId,
    pub seq: i64,
    pub delivery_id: String,
    pub installation: i64,
    pub repository: Repository,
    pub sha: String,
    pub event_type: String,
    pub pull_request: Option<i64>,
    pub by_checks: bool,
    pub state: BuildState,
    pub created: Timestamp,
    pub updated: Timestamp,
}

pub(super) fn decoded<T>(word: Result<T, UnknownWord>) -> sqlx::Result<T> {
    word.map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

impl FromRow<'_, PgRow> for DeliveryRow {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            delivery_id: row.try_get("delivery_id")?,
            event: row.try_get("event")?,
            body: row.try_get("body")?,
            repository: row.try_get("repository")?,
            subject: row.try_get("subject")?,
            state: decoded(DeliveryState::from_code(row.try_get("state")?))?,
            reason: row.try_get("reason")?,
            received: row.try_get("received")?,
            next_attempt: row.try_get("next_attempt")?,
            leased_until: row.try_get("leased_until")?,
            attempts: row.try_get("attempts")?,
            finished: row.try_get("finished")?,
        })
    }
}

impl FromRow<'_, PgRow> for BuildRow {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            task_group_id: TaskGroupId(row.try_get("task_group_id")?),
            seq: row.try_get("seq")?,
            delivery_id: row.try_get("delivery_id")?,
            installation: row.try_get("installation")?,
            repository: Repository { owner: row.try_get("owner")?, name: row.try_get("name")? },
            sha: row.try_get("sha")?,
            event_type: row.try_get("event_type")?,
            pull_request: row.try_get("pull_request")?,
            by_checks: row.try_get("by_checks")?,
            state: decoded(BuildState::from_code(row.try_get("state")?))?,
            created: row.try_get("created")?,
            updated: row.try_get("updated")?,
        })
    }
}
