//! Notifications: e-mail, Pulse, Matrix and Slack messages about tasks.
//!
//! Owns: notifications, the deny list and the windows of the rate limit, in the database; nothing in memory.
//! Woken by: requests, and events of tasks with a route of notify.
//! Emits: messages on the exchange `notification`. Everything else is delivered by the crate `integrations`.

mod accept;
mod denylist;
mod error;
mod listener;
mod task_text;
mod template;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use accept::{Accepted, Suppressed};
use base::{Clock, Rng};
use db::Db;
pub use denylist::DenylistKey;
pub use error::NotifyError;
pub use listener::{QUEUE, RouteListener};

use crate::kit::Notifier;

/// E-mails that one address gets in ten minutes; what is beyond comes as one digest.
pub const EMAILS_PER_WINDOW: i32 = 50;

/// The notify service.
#[derive(Clone)]
pub struct Notify {
    db: Db,
    clock: Arc<dyn Clock>,
    rng: Rng,
    wakeups: Wakeups,
}

/// Whom to notify after a commit.
#[derive(Debug, Clone)]
pub struct Wakeups {
    /// Of a message that is published.
    pub relay: Notifier,
    /// Of anything else.
    pub delivery: Notifier,
}

type Result<T, E = NotifyError> = std::result::Result<T, E>;

impl Notify {
    pub fn new(db: Db, clock: Arc<dyn Clock>, rng: Rng, wakeups: Wakeups) -> Self {
        Self { db, clock, rng, wakeups }
    }
}
