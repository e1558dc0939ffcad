//! The one reader of the log for all who are where it is.

use std::{sync::Arc, time::Duration};

use db::{Db, DbError};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::sync::broadcast;

use super::Page;
use crate::{
    kit::{Child, Hint, HintInbox, Restart, Tick},
    relay::Exchanges,
};

/// How often the log is looked at while somebody follows.
const LOOK: Duration = Duration::from_millis(100);
/// The same when it could not be read.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// The only thing the reader is told.
pub(super) struct Look;

pub(super) fn part(db: Db, exchanges: Arc<Exchanges>, pages: broadcast::Sender<Arc<Page>>) -> (Child, Hint<Look>) {
    let inbox = HintInbox::default();
    let hints = inbox.clone();
    let make = move || {
        (Reader { db: db.clone(), exchanges: exchanges.clone(), pages: pages.clone(), inbox: inbox.clone() }, ())
    };
    let (child, handle) = Child::new("live", Restart::Always, make);
    (child, Hint::new(handle, &hints, || Look))
}

struct Reader {
    db: Db,
    exchanges: Arc<Exchanges>,
    pages: broadcast::Sender<Arc<Page>>,
    inbox: HintInbox,
}

struct Reading {
    tick: Tick,
    /// Everything up to here was told; `None` while nobody follows.
    position: Option<i64>,
}

impl Actor for Reader {
    type Msg = Look;
    type State = Reading;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Look>, (): ()) -> Result<Reading, ActorProcessingErr> {
        let mut tick = Tick::new("live");
        // There may be followers from before.
        tick.again(&myself, Duration::ZERO, || Look);
        Ok(Reading { tick, position: None })
    }

    async fn handle(&self, myself: ActorRef<Look>, _: Look, state: &mut Reading) -> Result<(), ActorProcessingErr> {
        self.inbox.taken();
        if self.pages.receiver_count() == 0 {
            state.position = None;
            return Ok(());
        }
        let next = match self.tell_news(&mut state.position).await {
            Ok(()) => LOOK,
            Err(error) => {
                tracing::warn!(%error, "live events wait: the log could not be read");
                TRY_AGAIN
            }
        };
        state.tick.again(&myself, next, || Look);
        Ok(())
    }
}

impl Reader {
    async fn tell_news(&self, position: &mut Option<i64>) -> Result<(), DbError> {
        let mut at = match *position {
            Some(at) => at,
            None => self.mark().await?,
        };
        *position = Some(at);
        loop {
            let page = Page::read(&self.db, &self.exchanges, at).await?;
            if page.is_empty() {
                return Ok(());
            }
            at = page.until;
            *position = Some(at);
            // Without a receiver the last one just left, which the next look will see.
            let _ = self.pages.send(Arc::new(page));
        }
    }

    /// Begins at the end of the log, and says so: whoever is not there yet reads up to it.
    async fn mark(&self) -> Result<i64, DbError> {
        let last = self.db.event_log().await?.last;
        let _ = self.pages.send(Arc::new(Page::mark(last)));
        Ok(last)
    }
}
