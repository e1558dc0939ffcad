//! One fire: prepared, and carried out by the database.

use db::{
    hooks::{FireHook, FireOutcome, FireResult, FiredBy, HookRow},
    queue::Created,
};
use protocol::{id::TaskId, time::Timestamp};

use super::{
    Hook, HookError, HookName, Inner, Result, metrics,
    prepare::{FireContext, Powers, Prepared, prepare},
};
use crate::queue::types::NewTask;

/// Longest text of an error in the history, in bytes.
const MAX_ERROR: usize = 4096;

/// A fire and what it moves.
pub(super) struct Fire<'a> {
    pub row: &'a HookRow,
    pub name: &'a HookName,
    pub key: Option<String>,
    pub context: &'a FireContext,
    /// The date that was due, and the one after it.
    pub scheduled: Option<(Timestamp, Option<Timestamp>)>,
}

/// What became of it.
#[derive(Debug)]
pub(super) enum Fired {
    Task(TaskId),
    NoTask,
    /// The hook has changed, or somebody else has fired it: look again.
    Changed,
}

impl Inner {
    /// Renders and checks the task.
    pub(super) async fn prepare(&self, hook: Hook, context: FireContext) -> Result<Option<Prepared>> {
        let prepared = self.prepare_now(hook.clone(), context.clone()).await;
        let (Err(HookError::Scopes { .. }), Some(auth)) = (&prepared, &self.auth) else { return prepared };
        // The copy of roles is up to a second old: another process may have granted what is missing.
        if let Err(error) = auth.load().await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "roles could not be refreshed");
            return prepared;
        }
        self.prepare_now(hook, context).await
    }

    async fn prepare_now(&self, hook: Hook, context: FireContext) -> Result<Option<Prepared>> {
        let assumed = [format!("assume:{}", hook.name.role())];
        let scopes = self.clients.now().powers_with(&assumed).map_err(|error| HookError::Task(error.to_string()))?;
        let powers = Powers { scopes, limits: self.limits };
        self.blocking.run(move || prepare(&hook, &context, &powers)).await
    }

    /// Carries out what was prepared. An error of the hook is kept in its history.
    pub(super) async fn carry_out(&self, fire: &Fire<'_>, prepared: Result<Option<Prepared>>) -> Result<Fired> {
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(error) => return self.record_error(fire, error).await,
        };
        let result = if prepared.is_some() { FireResult::Success } else { FireResult::NoTask };
        let outcome = self.call(fire, prepared.as_ref(), result, "").await?;
        match outcome {
            FireOutcome::Fired { ready } => {
                metrics::fired(fire.context.fired_by, result);
                self.notify(prepared.as_ref(), ready);
                Ok(if prepared.is_some() { Fired::Task(fire.context.task_id) } else { Fired::NoTask })
            }
            FireOutcome::Repeated { task_id, result: FireResult::Success, .. } => Ok(Fired::Task(task_id)),
            FireOutcome::Repeated { .. } => Ok(Fired::NoTask),
            FireOutcome::Missing => Err(HookError::NoSuchHook(fire.name.clone())),
            FireOutcome::Outdated | FireOutcome::Moved => Ok(Fired::Changed),
            FireOutcome::Refused(created) => {
                self.record_error(fire, refusal(fire.context.task_id, prepared, &created)).await
            }
        }
    }

    /// Dates that are not made up for become one row of the history.
    pub(super) async fn skip(&self, fire: &Fire<'_>, words: &str) -> Result<()> {
        self.call(fire, None, FireResult::Skipped, words).await.map(drop)
    }

    /// Keeps an error of the hook in its history, and notifies its owner unless somebody waits for the answer.
    pub(super) async fn record_error(&self, fire: &Fire<'_>, error: HookError) -> Result<Fired> {
        if error.is_of_hook() {
            let words = error.to_string();
            let words = &words[..words.floor_char_boundary(MAX_ERROR)];
            tracing::info!(hook = %fire.name, error = words, "a hook failed to fire");
            // A repeat of a request may succeed once the hook is repaired, so its key is left free.
            let key = fire.key.clone().filter(|_| fire.context.fired_by != FiredBy::TriggerHook);
            let row = Fire { key, ..*fire };
            if let FireOutcome::Fired { .. } = self.call(&row, None, FireResult::Error, words).await? {
                metrics::fired(fire.context.fired_by, FireResult::Error);
                self.notify_owner(fire, words).await;
            }
        }
        Err(error)
    }

    async fn call(
        &self,
        fire: &Fire<'_>,
        prepared: Option<&Prepared>,
        result: FireResult,
        error: &str,
    ) -> Result<FireOutcome> {
        let (name, context) = (fire.name, fire.context);
        let now = self.clock.now();
        // A skipped date leaves its task to the next one.
        let next_task_id = match result {
            FireResult::Skipped => fire.row.next_task_id.clone(),
            _ => self.seal_task_id(name, TaskId::from_random(self.rng.uuid_bytes())),
        };
        let call = FireHook {
            hook_group_id: &name.hook_group_id,
            hook_id: &name.hook_id,
            generation: fire.row.generation,
            fire_key: fire.key.as_deref(),
            fired_by: context.fired_by,
            task_id: context.task_id,
            task: prepared.map(|prepared| &prepared.row),
            result,
            error,
            scheduled_at: fire.scheduled.map(|(date, _)| date),
            next_scheduled_at: fire.scheduled.and_then(|(_, next)| next),
            next_task_id: Some(&next_task_id),
            caused_by: context.caused_by,
            expires: now + self.settings.fire_retention.delta(),
        };
        Ok(self.db.fire_hook(&call, now).await?)
    }

    fn notify(&self, prepared: Option<&Prepared>, ready: bool) {
        match prepared {
            Some(prepared) if ready => self.notifications.tasks_pending(&[prepared.pending()]),
            _ => self.notifications.relay.notify(),
        }
    }
}

impl Prepared {
    fn pending(&self) -> db::queue::NewlyPending {
        db::queue::NewlyPending { task_queue_id: self.definition.task_queue_id.clone(), count: 1 }
    }
}

fn refusal(task_id: TaskId, prepared: Option<Prepared>, created: &Created) -> HookError {
    let words = prepared.and_then(|prepared| {
        let task = NewTask { task_id, definition: prepared.definition };
        task.creation_error(created)
    });
    HookError::Task(words.map_or_else(|| "the queue refuses it".to_owned(), |error| error.to_string()))
}
