//! A stretch of the log, as the world reads it.

use bus::Message;
use db::{Db, DbError};

use crate::relay::Exchanges;

/// Positions looked at in one go.
const LENGTH: i32 = 500;

/// All messages behind `after` and up to `until`, each with its position.
#[derive(Debug)]
pub(super) struct Page {
    pub after: i64,
    pub until: i64,
    pub messages: Vec<(i64, Message)>,
}

impl Page {
    /// What follows in the log; one that ends where it begins: there is nothing yet.
    pub(super) async fn read(db: &Db, exchanges: &Exchanges, after: i64) -> Result<Self, DbError> {
        let page = db.events_after(after, None, LENGTH).await?;
        let told = |logged: &db::outbox::LoggedEvent| Some((logged.position, exchanges.for_the_world(&logged.event)?));
        Ok(Self { after, until: page.position, messages: page.events.iter().filter_map(told).collect() })
    }

    /// Says where the log is, and nothing of what is in it.
    pub(super) const fn mark(position: i64) -> Self {
        Self { after: position, until: position, messages: Vec::new() }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.until == self.after
    }
}
