//! Hooks: tasks made from templates, on a schedule, on demand, and for messages of the bus.
//!
//! Owns: hooks and the history of their fires, in the database; nothing in memory.
//! Woken by: requests; a timer set to the next date (`due.rs`); messages of the bus (`listen/`).
//! Emits: `hook-*`, and the events of the tasks it makes, through the outbox.
//!
//! A fire is rendered and checked here, and carried out by one stored function (`fire_hook`), which creates the task in the same
//! transaction as the fire's row and the next date: a cause has one task, whatever is repeated or killed in between.

mod blocking;
mod built_in;
mod catch_up;
mod definition;
mod dry_run;
mod due;
mod error;
mod explain;
mod fire;
mod list;
mod listen;
mod message;
mod metrics;
mod owner;
mod prepare;
mod reseal;
mod settings;
#[cfg(test)]
mod tests;
mod token;
mod trigger;
mod write;

use std::{fmt, sync::Arc};

use base::{Clock, KeyRing, Rng};
pub(crate) use built_in::actions_json;
pub use built_in::{GROUP as BUILT_IN_GROUP, root_url_of};
pub use db::hooks::{FireResult, FireRow};
use db::{Db, auth::By, hooks::HookRow};
pub use definition::{Binding, Hook, HookBody};
pub use dry_run::{DryRun, DryRunMessage, DryRunRequest};
pub use due::Reconciler;
pub use error::HookError;
pub use explain::HookExplanation;
pub use list::HookStatus;
pub use listen::{ListenContext, ListenError};
pub use settings::{CatchUp, HooksSettings};
pub use trigger::Trigger;

use crate::{
    auth::{Auth, Clients},
    kit::{Notifications, Notifier},
    notify::Notify,
    queue::TaskLimits,
};
use blocking::Blocking;

/// The hooks service. Cheap to clone.
#[derive(Clone)]
pub struct Hooks(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Arc<dyn Clock>,
    rng: Rng,
    keys: Arc<KeyRing>,
    clients: Clients,
    auth: Option<Auth>,
    limits: TaskLimits,
    notifications: Notifications,
    /// Dates and bindings may have changed.
    changed: Notifier,
    notify: Notify,
    settings: HooksSettings,
    blocking: Blocking,
}

/// What the service works with.
pub struct HooksContext {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
    pub keys: Arc<KeyRing>,
    /// Knows the roles that decide what the tasks of a hook may do.
    pub clients: Clients,
    /// What keeps that copy up to date; `None`: it is all there is.
    pub auth: Option<Auth>,
    pub limits: TaskLimits,
    pub notifications: Notifications,
    /// To be notified when dates or bindings may have changed.
    pub changed: Notifier,
    /// Notifies owners of failures.
    pub notify: Notify,
    pub settings: HooksSettings,
}

type Result<T, E = HookError> = std::result::Result<T, E>;

/// The ids of a hook.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HookName {
    pub hook_group_id: String,
    pub hook_id: String,
}

impl HookName {
    pub fn new(hook_group_id: &str, hook_id: &str) -> Self {
        Self { hook_group_id: hook_group_id.to_owned(), hook_id: hook_id.to_owned() }
    }

    fn parts(&self) -> (&str, &str) {
        (&self.hook_group_id, &self.hook_id)
    }

    /// The role whose scopes the tasks of the hook may use.
    fn role(&self) -> String {
        format!("hook-id:{self}")
    }
}

impl fmt::Display for HookName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.hook_group_id, self.hook_id)
    }
}

impl Hooks {
    pub fn new(context: HooksContext) -> Self {
        let HooksContext { db, clock, rng, keys, clients, auth, limits, notifications, changed, notify, settings } =
            context;
        Self(Arc::new(Inner {
            db,
            clock,
            rng,
            keys,
            clients,
            auth,
            limits,
            notifications,
            changed,
            notify,
            settings,
            blocking: Blocking::default(),
        }))
    }
}

impl Inner {
    async fn hook(&self, name: &HookName) -> Result<HookRow> {
        let found = self.db.hook(&name.hook_group_id, &name.hook_id).await?;
        found.ok_or_else(|| HookError::NoSuchHook(name.clone()))
    }
}

fn by(client_id: &str) -> By {
    By { client_id: client_id.to_owned(), trace: base::telemetry::traceparent() }
}
