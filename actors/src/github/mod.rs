//! GitHub: deliveries of its web hook, the tasks they cause, and what GitHub is shown about these.
//!
//! Owns: deliveries, builds and reports, in the database; nothing in memory.
//! Woken by: requests; events of tasks with a route of GitHub (`tasks.rs`); a timer (`cancel.rs`).
//! Emits: messages of the exchanges of `github`, and the events of the tasks it makes, through the outbox.
//!
//! Nothing here calls GitHub: that is done by the crate `integrations`.

mod builds;
mod cancel;
mod check;
mod cron;
mod error;
mod graph;
mod hooks;
mod in_tree_actions;
mod job;
mod job_error;
mod job_reports;
mod message;
mod preview;
mod receive;
mod report;
mod rerun;
mod settings;
mod tasks;
mod template;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use base::{Clock, Rng};
pub use cron::{CRON_EVENT, CronBody, CronRead, CronTask};
use db::Db;
pub use db::github::{BuildFilter, BuildRow, CronRow, DeliveryRow};
pub use error::GithubError;
pub use job::{Job, JobOutcome};
pub use job_error::JobError;
pub use preview::{FakeEvent, Preview};
pub use receive::{Checked, Incoming, Received};
pub use report::CommitStatus;
pub use settings::GithubSettings;
pub use tasks::{QUEUE, TaskListener};

use crate::{
    auth::{Auth, Clients},
    hooks::Hooks,
    kit::{Notifications, Notifier},
    queue::TaskLimits,
};

/// The GitHub service. Cheap to clone.
#[derive(Clone)]
pub struct Github(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Arc<dyn Clock>,
    rng: Rng,
    clients: Clients,
    auth: Option<Auth>,
    hooks: Hooks,
    limits: TaskLimits,
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
    /// Knows the roles that decide what the tasks of an event may do.
    pub clients: Clients,
    /// What keeps that copy up to date; `None`: it is all there is.
    pub auth: Option<Auth>,
    pub hooks: Hooks,
    pub limits: TaskLimits,
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
        let GithubContext { db, clock, rng, clients, auth, hooks, limits, notifications, wakeups, settings, root_url } =
            context;
        Self(Arc::new(Inner {
            db,
            clock,
            rng,
            clients,
            auth,
            hooks,
            limits,
            notifications,
            wakeups,
            settings,
            root_url,
        }))
    }
}
