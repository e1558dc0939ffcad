//! The reconciler of schedules: fires hooks whose date has come.

use std::time::Duration;

use chrono::TimeDelta;
use db::{
    Rows,
    hooks::{FiredBy, HookRow},
};
use futures_util::{StreamExt, stream};
use protocol::time::{self, Timestamp};

use super::{
    Hook, HookError, HookName, Hooks, Inner, Result,
    catch_up::{PUNCTUAL, Plan, plan},
    fire::Fire,
    prepare::FireContext,
};
use crate::kit::{Child, Next, Notifier, Periodic, Schedule};

/// A net under the timer and the notification.
const POLL: Duration = Duration::from_secs(1);
/// Hooks of one look.
const ROWS: i32 = 500;
/// Hooks that are fired side by side: a slow one does not hold up the others.
const AT_ONCE: usize = 8;
/// How long one process has a hook to itself.
const LEASE: TimeDelta = TimeDelta::seconds(30);
const LONGEST_DELAY: TimeDelta = TimeDelta::seconds(60);

/// Fires hooks whose date has come. Several processes may run one.
pub struct Reconciler(Hooks);

impl Hooks {
    /// The actor, to be supervised, and what wakes it.
    pub fn reconciler(&self) -> (Child, Notifier) {
        let hooks = self.clone();
        Schedule::every(POLL, self.0.rng.branch("due")).child("hooks/due", move |_| Reconciler(hooks.clone()))
    }

    /// Fires the hooks whose date has come; how many there were.
    pub async fn fire_due(&self) -> Result<usize> {
        let now = self.0.clock.now();
        let Rows { readable, given } = self.0.db.take_due_hooks(ROWS, now + LEASE, now).await?;
        let fires = stream::iter(readable).map(|row| {
            let inner = self.0.clone();
            async move { inner.fire_one(&row, now).await }
        });
        fires.buffer_unordered(AT_ONCE).collect::<()>().await;
        Ok(given)
    }
}

impl Periodic for Reconciler {
    type Error = HookError;

    async fn run(&mut self) -> Result<Next> {
        let fired = self.0.fire_due().await?;
        let now = self.0.0.clock.now();
        let next = self.0.0.db.next_due_hook(now).await?;
        let wait = next.and_then(|next| (next - now).to_std().ok()).map_or(POLL, |wait| wait.min(POLL));
        let done = if fired > 0 { Next::DONE } else { Next::IDLE };
        Ok(if next.is_some_and(|next| next <= now) {
            done.within(Duration::from_millis(10))
        } else {
            done.within(wait)
        })
    }
}

impl Inner {
    /// One failing hook is its own affair: what cannot be done now is tried again later.
    pub(super) async fn fire_one(&self, row: &HookRow, now: Timestamp) {
        let name = HookName::new(&row.hook_group_id, &row.hook_id);
        let Some(due) = row.next_scheduled_at else { return };
        match self.fire_date(&name, row, due, now).await {
            Ok(()) => {}
            Err(error) if error.is_of_hook() || matches!(error, HookError::NoSuchHook(_)) => {}
            Err(error) => {
                let cause = error.to_string();
                tracing::warn!(hook = %name, error = cause, "a hook could not be fired, and is tried again");
                let delay = TimeDelta::seconds(1 << row.attempts.clamp(0, 6)).min(LONGEST_DELAY);
                if let Err(error) = self.db.delay_hook(row, now + delay).await {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(hook = %name, error, "a hook stays leased until its lease ends");
                }
            }
        }
    }

    async fn fire_date(&self, name: &HookName, row: &HookRow, due: Timestamp, now: Timestamp) -> Result<()> {
        let hook = Hook::try_from(row)?;
        let context = |task_id| FireContext {
            fired_by: FiredBy::Schedule,
            payload: None,
            client_id: None,
            task_id,
            now: due,
            dates_from: if now - due < PUNCTUAL { due } else { now },
            at: now,
            caused_by: None,
        };
        let context = context(self.open_task_id(name, row));
        let key = Some(format!("s:{}", time::format(due)));
        let fire = |next| Fire { row, name, key: key.clone(), context: &context, scheduled: Some((due, next)) };
        let schedule = match hook.definition.schedule_of(name) {
            Ok(schedule) => schedule,
            // Another version of this program took it for one: it ends here, and says so.
            Err(error) => return self.carry_out(&fire(None), Err(error)).await.map(drop),
        };
        let (mode, window) = (self.settings.catch_up, self.settings.catch_up_window.delta());
        match plan(&schedule, due, mode, window, now) {
            Plan::Fire { next } => {
                let prepared = self.prepare(hook, context.clone()).await;
                self.carry_out(&fire(next), prepared).await.map(drop)
            }
            Plan::Skip { next, words } => self.skip(&fire(next), &words).await,
        }
    }
}
