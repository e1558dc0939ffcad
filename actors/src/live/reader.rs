//! Reads the log once for all followers that are where it is.

use std::{sync::Arc, time::Duration};

use base::Rng;
use db::{Db, DbError};
use tokio::sync::broadcast;

use super::Page;
use crate::{
    kit::{Child, Next, Notifier, Periodic, Schedule},
    relay::Exchanges,
};

/// How often the log is read while there are followers.
const INTERVAL: Duration = Duration::from_millis(100);

/// The reader, to be notified of a new follower.
pub(super) fn child(
    db: Db,
    exchanges: Arc<Exchanges>,
    pages: broadcast::Sender<Arc<Page>>,
    rng: Rng,
) -> (Child, Notifier) {
    let make =
        move |_: &_| Reader { db: db.clone(), exchanges: exchanges.clone(), pages: pages.clone(), position: None };
    Schedule::every(INTERVAL, rng).child("live", make)
}

struct Reader {
    db: Db,
    exchanges: Arc<Exchanges>,
    pages: broadcast::Sender<Arc<Page>>,
    /// Everything up to here was sent; `None` while there are no followers.
    position: Option<i64>,
}

impl Periodic for Reader {
    type Error = DbError;

    /// Sends one page to the followers.
    async fn run(&mut self) -> Result<Next, DbError> {
        if self.pages.receiver_count() == 0 {
            self.position = None;
            return Ok(Next::IDLE.when_notified());
        }
        let position = match self.position {
            Some(position) => position,
            None => self.send_end().await?,
        };
        self.position = Some(position);
        let page = Page::read(&self.db, &self.exchanges, position).await?;
        if page.is_empty() {
            return Ok(Next::IDLE);
        }
        self.position = Some(page.until);
        // Without a receiver the last follower has just left, which the next run will see.
        let _ = self.pages.send(Arc::new(page));
        Ok(Next::AGAIN)
    }
}

impl Reader {
    /// Starts at the end of the log, and says so: a follower that is not there yet reads up to it.
    async fn send_end(&self) -> Result<i64, DbError> {
        let last = self.db.event_log().await?.last;
        let _ = self.pages.send(Arc::new(Page::end(last)));
        Ok(last)
    }
}
