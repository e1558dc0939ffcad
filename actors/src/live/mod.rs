//! Live events: what the relay has logged, for whoever follows it just now.
//!
//! Owns: nothing that lasts; in memory the newest messages, for those who follow.
//! Woken by: ticks, only while somebody follows.
//! Tells: its followers, each what it asked for, in the order of the log.
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
pub use follower::{Follower, Told};
pub use page::Guarded;
use page::Page;
use protocol::exchanges::ExchangeNames;
use tokio::sync::broadcast;

use crate::{
    kit::{Child, Notifier},
    relay::{Exchanges, RelaySettings},
};

/// Whether a follower may know of something.
pub type MaySee = Arc<dyn Fn(&Guarded) -> bool + Send + Sync>;

/// Pages that wait for a slow follower; one that is further behind reads the log.
const WAITING: usize = 16;

/// The door to live events. Cheap to clone.
#[derive(Clone)]
pub struct Live {
    db: Db,
    exchanges: Arc<Exchanges>,
    /// False: the relay logs nothing, so there is nothing to follow.
    kept: bool,
    pages: broadcast::Sender<Arc<Page>>,
    part: Child,
    reader: Notifier,
}

impl Live {
    pub fn new(db: Db, names: &ExchangeNames, settings: &RelaySettings, rng: Rng) -> Self {
        let exchanges = Arc::new(Exchanges::new(names, settings));
        let (pages, _) = broadcast::channel(WAITING);
        let (part, reader) = reader::child(db.clone(), exchanges.clone(), pages.clone(), rng);
        let kept = !settings.keep_events.duration().is_zero();
        Self { db, exchanges, kept, pages, part, reader }
    }

    /// The part to supervise.
    pub fn part(&self) -> Child {
        self.part.clone()
    }

    /// A binding to an exchange for the world, named in full or by its short name like `task-pending`.
    pub fn binding(&self, exchange: &str, pattern: &str) -> Result<Binding, LiveError> {
        let full = self.exchanges.full_name(exchange);
        if self.exchanges.world_exchanges().any(|known| known == full) {
            return Ok(Binding { exchange: full.to_owned(), pattern: pattern.to_owned() });
        }
        let mut known: Vec<String> = self.exchanges.world_exchanges().map(str::to_owned).collect();
        known.sort_unstable();
        Err(LiveError::UnknownExchange { exchange: exchange.to_owned(), known })
    }

    /// Bindings to everything there is.
    pub fn everything(&self) -> Vec<Binding> {
        let all = |exchange: &str| Binding { exchange: exchange.to_owned(), pattern: "#".to_owned() };
        self.exchanges.world_exchanges().map(all).collect()
    }

    /// Follows from now on, or from behind a position that was told before. `may_see` is asked for what
    /// not everybody may know of; events of the rest are left out.
    pub async fn follow(
        &self,
        bindings: &[Binding],
        after: Option<i64>,
        may_see: MaySee,
    ) -> Result<Follower, LiveError> {
        if !self.kept {
            return Err(LiveError::NotKept);
        }
        // Listens first and reads the log then: what comes in between is in both, and told once.
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
