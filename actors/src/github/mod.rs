//! GitHub: deliveries of its web hook, the tasks they cause, and what GitHub is shown about these.
//!
//! Owns: deliveries, builds and reports, in the database; nothing in memory.
//! Woken by: requests; a timer (`cancel.rs`).
//! Emits: messages of the exchanges of `github`, and the events of the tasks it makes, through the outbox.
//!
//! Nothing here calls GitHub: that is done by the crate `integrations`.

mod builds;
mod cancel;
mod error;
mod message;
mod receive;
mod report;
mod settings;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use base::{Clock, Rng};
use db::Db;
pub use db::github::{BuildFilter, BuildRow, DeliveryRow};
pub use error::GithubError;
pub use receive::{Checked, Incoming, Received};
pub use report::CommitStatus;
pub use settings::GithubSettings;

use crate::kit::{Notifications, Notifier};

/// The GitHub service. Cheap to clone.
#[derive(Clone)]
pub struct Github(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Arc<dyn Clock>,
    rng: Rng,
    notifications: Notifications,
    wakeups: GithubWakeups,
    settings: GithubSettings,
    /// Where clients reach this installation, without a slash at the end.
    root_url: String,
}

/// What the service works with.
pub struct GithubContext {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
    pub notifications: Notifications,
    pub wakeups: GithubWakeups,
    pub settings: GithubSettings,
    pub root_url: String,
}

/// Whom to notify after a commit.
#[derive(Debug, Clone)]
pub struct GithubWakeups {
    /// Of a new delivery.
    pub deliveries: Notifier,
    /// Of something that GitHub is to show.
    pub reports: Notifier,
}

type Result<T, E = GithubError> = std::result::Result<T, E>;

impl Github {
    pub fn new(context: GithubContext) -> Self {
        let GithubContext { db, clock, rng, notifications, wakeups, settings, root_url } = context;
        Self(Arc::new(Inner { db, clock, rng, notifications, wakeups, settings, root_url }))
    }
}
