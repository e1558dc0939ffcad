//! Live events: what the relay has logged, for those who follow it.
//!
//! Owns: nothing that lasts; in memory the newest messages, for its followers.
//! Woken by: a new follower (a notification); a timer, only while there are followers.
//! Emits: to each follower what it asked for, in the order of the log.
//!
//! A follower that is new, comes back or is slow reads the log itself until it is where the others are.

mod error;
mod follower;
mod page;
mod reader;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use base::Rng;
pub use bus::Binding;
use bus::Filter;
use db::Db;
pub use error::LiveError;
pub use follower::{Follower, StreamEvent};
pub use page::Guarded;
use page::Page;
use protocol::exchanges::ExchangeNames;
use tokio::sync::broadcast;

use crate::{
    kit::{Child, Notifier},
    relay::{Exchanges, RelaySettings},
};

/// Whether a follower may see something.
pub type MaySee = Arc<dyn Fn(&Guarded) -> bool + Send + Sync>;

/// Pages that wait for a slow follower; one that is further behind reads the log.
const BUFFERED_PAGES: usize = 16;

/// Live events. Cheap to clone.
#[derive(Clone)]
pub struct Live {
    db: Db,
    exchanges: Arc<Exchanges>,
    /// False: the relay logs nothing, so there is nothing to follow.
    kept: bool,
    pages: broadcast::Sender<Arc<Page>>,
    reader_child: Child,
    reader: Notifier,
}

impl Live {
    pub fn new(db: Db, names: &ExchangeNames, settings: &RelaySettings, rng: Rng) -> Self {
        let exchanges = Arc::new(Exchanges::new(names, settings));
        let (pages, _) = broadcast::channel(BUFFERED_PAGES);
        let (reader_child, reader) = reader::child(db.clone(), exchanges.clone(), pages.clone(), rng);
        let kept = !settings.keep_events.duration().is_zero();
        Self { db, exchanges, kept, pages, reader_child, reader }
    }

    /// The actor to supervise.
    pub fn child(&self) -> Child {
        self.reader_child.clone()
    }

    /// A binding to an external exchange, named in full or by its short name like `task-pending`.
    pub fn binding(&self, exchange: &str, pattern: &str) -> Result<Binding, LiveError> {
        let full = self.exchanges.full_name(exchange);
        if self.exchanges.external().any(|known| known == full) {
            return Ok(Binding { exchange: full.to_owned(), pattern: pattern.to_owned() });
        }
        let mut known: Vec<String> = self.exchanges.external().map(str::to_owned).collect();
        known.sort_unstable();
        Err(LiveError::UnknownExchange { exchange: exchange.to_owned(), known })
    }

    /// Bindings to all external exchanges.
    pub fn everything(&self) -> Vec<Binding> {
        let all = |exchange: &str| Binding { exchange: exchange.to_owned(), pattern: "#".to_owned() };
        self.exchanges.external().map(all).collect()
    }

    /// Follows from now on, or from behind a position that was received before. `may_see` decides about what not
    /// everybody may see; those events are left out.
    pub async fn follow(
        &self,
        bindings: &[Binding],
        after: Option<i64>,
        may_see: MaySee,
    ) -> Result<Follower, LiveError> {
        if !self.kept {
            return Err(LiveError::NotKept);
        }
        // Subscribes first and reads the log then: what comes in between is in both, and delivered once.
        let pages = self.pages.subscribe();
        let ends = self.db.event_log().await?;
        let position = after.unwrap_or(ends.last);
        if position > ends.last {
            return Err(LiveError::Future { position, last: ends.last });
        }
        if position < ends.first - 1 {
            return Err(LiveError::Gone { position, first: ends.first });
        }
        self.reader.notify();
        Ok(Follower::new(self, (Filter::new(bindings), may_see), pages, position))
    }
}
