//! One follower.

use std::sync::Arc;

use bus::{Filter, Message};
use tokio::sync::broadcast::{self, error::RecvError};

use super::{Live, LiveError, MaySee, Page, page::PageEntry};

/// A message and its position in the log, from which a follower can resume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEvent {
    pub position: i64,
    pub message: Message,
}

/// Gets what its bindings match of the events behind its position, each once and in order.
pub struct Follower {
    live: Live,
    filter: Filter,
    may_see: MaySee,
    pages: broadcast::Receiver<Arc<Page>>,
    position: i64,
    /// There is, or may be, more in the log than the reader will send.
    behind: bool,
}

impl Follower {
    pub(super) fn new(
        live: &Live,
        (filter, may_see): (Filter, MaySee),
        pages: broadcast::Receiver<Arc<Page>>,
        position: i64,
    ) -> Self {
        Self { live: live.clone(), filter, may_see, pages, position, behind: true }
    }

    /// Everything up to here was delivered, or is not for this follower.
    pub const fn position(&self) -> i64 {
        self.position
    }

    /// Waits for the next messages. Nothing is lost if the caller stops waiting. After an error it can be called again.
    pub async fn next(&mut self) -> Result<Vec<StreamEvent>, LiveError> {
        loop {
            let events = if self.behind { self.read_log().await? } else { self.receive().await };
            if !events.is_empty() {
                return Ok(events);
            }
        }
    }

    async fn read_log(&mut self) -> Result<Vec<StreamEvent>, LiveError> {
        let page = Page::read(&self.live.db, &self.live.exchanges, self.position).await?;
        self.behind = !page.is_empty();
        Ok(self.take(&page))
    }

    async fn receive(&mut self) -> Vec<StreamEvent> {
        match self.pages.recv().await {
            // The end of the log, or a page that begins further on: something between was not received.
            Ok(page) if page.after > self.position => self.behind = true,
            Ok(page) => return self.take(&page),
            Err(RecvError::Lagged(_)) => self.behind = true,
            // Never: `live`, of which this has a copy, holds a sender.
            Err(RecvError::Closed) => std::future::pending().await,
        }
        Vec::new()
    }

    fn take(&mut self, page: &Page) -> Vec<StreamEvent> {
        let from = self.position;
        self.position = from.max(page.until);
        let new = page.entries.iter().filter(|entry| entry.position > from && self.takes(entry));
        new.map(|entry| StreamEvent { position: entry.position, message: entry.message.clone() }).collect()
    }

    fn takes(&self, entry: &PageEntry) -> bool {
        self.filter.accepts(&entry.message) && entry.guarded.as_ref().is_none_or(|guarded| (self.may_see)(guarded))
    }
}
