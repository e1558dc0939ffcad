//! The log of events that were sent: `read_event_log`, `event_log_ends`.

use protocol::{event::Event, id::TaskGroupId};
use sqlx::Row;

use super::row;
use crate::{Db, DbError};

/// An event and its place in the log.
///
/// Places say in which order events were logged; ids do not, for a transaction that got its id early may end late.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedEvent {
    pub position: i64,
    pub event: Event,
}

/// Where the log begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogEnds {
    /// Position of the oldest event that is kept; behind `last` while none is.
    pub first: i64,
    /// Position of the newest event; 0 before the first one.
    pub last: i64,
}

/// A part of the log.
#[derive(Debug, Default)]
pub struct LogPage {
    pub events: Vec<LoggedEvent>,
    /// Everything up to here was examined.
    pub position: i64,
}

/// Positions that one call examines when it searches for one group: what a call costs stays bounded.
const SEARCHED: i64 = 50_000;

impl Db {
    /// Where the log begins and ends.
    pub async fn event_log(&self) -> Result<LogEnds, DbError> {
        let (first, last, _) = self.log_row(i64::MAX).await?;
        Ok(LogEnds { first, last })
    }

    /// The position after which this event and all later ones are, with perhaps some that were logged with it.
    pub async fn position_before(&self, event_id: i64) -> Result<i64, DbError> {
        self.log_row(event_id).await.map(|ends| ends.2)
    }

    /// At most `limit` events after a position; of one group, where one is named. Nothing new, and a position that does
    /// not move: the end of the log. Events whose task is gone are left out.
    pub async fn events_after(
        &self,
        position: i64,
        group: Option<TaskGroupId>,
        limit: i32,
    ) -> Result<LogPage, DbError> {
        let last = self.event_log().await?.last;
        let reach = if group.is_some() { SEARCHED } else { i64::from(limit) };
        let until = last.min(position.saturating_add(reach));
        let read = sqlx::query("select * from read_event_log($1,$2,$3,$4)");
        let read = read.bind(position).bind(until).bind(group.map(|group| group.0)).bind(limit);
        let rows = read.fetch_all(self.pool()).await?;
        let full = i32::try_from(rows.len()) == Ok(limit);
        let mut page = LogPage { events: Vec::with_capacity(rows.len()), position: until.max(position) };
        for row in &rows {
            let at: i64 = row.try_get("log_position")?;
            if full {
                page.position = at;
            }
            match row::event(row) {
                Ok(event) => page.events.push(LoggedEvent { position: at, event }),
                Err(error) => {
                    tracing::error!(position = at, %error, "an event of the log cannot be read and is left out");
                }
            }
        }
        Ok(page)
    }

    async fn log_row(&self, event_id: i64) -> Result<(i64, i64, i64), DbError> {
        let ends = sqlx::query_as("select first, last, before_event from event_log_ends($1)").bind(event_id);
        Ok(ends.fetch_one(self.pool()).await?)
    }
}
