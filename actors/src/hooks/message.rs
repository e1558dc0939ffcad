//! Firing because of a message of the bus.

use bus::Filter;
use chrono::TimeDelta;
use db::hooks::{FiredBy, HookRow};
use protocol::{error::FieldError, id::TaskId};
use serde_json::Value;

use super::{
    Hook, HookError, HookName, Inner, Result,
    fire::{Fire, Fired},
    listen::incoming::{Cause, Incoming, tasks_of},
    metrics,
    prepare::FireContext,
    trigger::ATTEMPTS,
};

/// How often a hook may fire because of what it fired, within this time.
const MAX_CHAIN: i32 = 10;
const CHAIN_WINDOW: TimeDelta = TimeDelta::minutes(10);
/// A message without an id that comes again after this time fires again.
const REDELIVERED_WITHIN: TimeDelta = TimeDelta::hours(1);
/// Longest reason that is kept, in bytes.
const MAX_REASON: usize = 500;

impl Inner {
    /// `Ok`: the message is done with, whether it fired or not. The error of a hook is in its history by then.
    pub(super) async fn fire_message(&self, name: &HookName, incoming: &Incoming) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let row = match self.hook(name).await {
                Err(HookError::NoSuchHook(_)) => return Ok(()),
                row => row?,
            };
            match self.try_message(name, &row, incoming).await {
                Ok(Fired::Changed) => {}
                Ok(Fired::Task(_) | Fired::NoTask) | Err(HookError::NoSuchHook(_)) => return Ok(()),
                Err(HookError::Payload(errors)) => {
                    self.discard(name, &refused_payload(&errors)).await;
                    return Ok(());
                }
                Err(error) if error.is_of_hook() => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Err(HookError::Changing)
    }

    async fn try_message(&self, name: &HookName, row: &HookRow, incoming: &Incoming) -> Result<Fired> {
        let hook = Hook::try_from(row)?;
        if let Some(reason) = self.reason_to_discard(row, &hook, incoming).await? {
            self.discard(name, &reason).await;
            return Ok(Fired::NoTask);
        }
        let payload = self.blocking.run(incoming.reader()).await;
        let caused_by = match &payload {
            Ok(payload) => self.caused_by(payload).await?,
            Err(_) => None,
        };
        let now = self.clock.now();
        let context = FireContext {
            fired_by: FiredBy::PulseMessage,
            payload: payload.as_ref().ok().cloned(),
            client_id: None,
            task_id: TaskId::from_random(self.rng.uuid_bytes()),
            now,
            dates_from: now,
            at: now,
            caused_by: caused_by.map(|(fire, _)| fire),
        };
        let key = Some(incoming.cause.key().to_owned());
        let fire = Fire { row, name, key, context: &context, scheduled: None };
        let payload = match payload {
            Ok(payload) => payload,
            Err(error) => return self.record_error(&fire, error).await,
        };
        if let Some((_, fires)) = caused_by.filter(|(_, fires)| *fires >= MAX_CHAIN) {
            return self.record_error(&fire, HookError::Chain(fires, CHAIN_WINDOW.num_minutes())).await;
        }
        self.check_payload(&hook, &payload).await?;
        let prepared = self.prepare(hook, context.clone()).await;
        self.carry_out(&fire, prepared).await
    }

    async fn reason_to_discard(&self, row: &HookRow, hook: &Hook, incoming: &Incoming) -> Result<Option<String>> {
        let message = &incoming.message;
        let bindings: Vec<bus::Binding> = hook.bindings.iter().cloned().map(bus::Binding::from).collect();
        if row.paused {
            return Ok(Some("the hook is paused".to_owned()));
        }
        // The queue may have bindings that the hook had before, or that somebody added.
        if !Filter::new(&bindings).accepts(message) {
            let reason = format!("no binding matches the message of `{}`", message.exchange);
            return Ok(Some(reason));
        }
        let Cause::Unknown { beginning, redelivered: true, .. } = &incoming.cause else { return Ok(None) };
        let since = self.clock.now() - REDELIVERED_WITHIN;
        let fired = self.db.hook_fired_lately(hook.name.parts(), beginning, since).await?;
        Ok(fired.then(|| "it came again, has no id, and an equal one has fired within the hour".to_owned()))
    }

    /// The fire that made a task which the message is about, and how many fires led to it.
    async fn caused_by(&self, payload: &Value) -> Result<Option<(i64, i32)>> {
        let tasks = tasks_of(payload);
        if tasks.is_empty() {
            return Ok(None);
        }
        Ok(self.db.hook_causes(&tasks, self.clock.now() - CHAIN_WINDOW, MAX_CHAIN).await?)
    }

    /// Counts a message that fires nothing.
    pub(super) async fn discard(&self, name: &HookName, reason: &str) {
        metrics::discarded();
        let reason = &reason[..reason.floor_char_boundary(MAX_REASON)];
        tracing::debug!(hook = %name, reason, "a message fires nothing");
        if let Err(error) = self.db.hook_discard_message(name.parts(), reason, self.clock.now()).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(hook = %name, reason, error, "a message that fires nothing is not counted");
        }
    }
}

/// Without what the message had there, so that equal reasons are one.
fn refused_payload(errors: &[FieldError]) -> String {
    let Some(first) = errors.first() else { return "the triggerSchema refuses the payload".to_owned() };
    format!("the triggerSchema refuses the payload: `{}` must {}", first.pointer, first.expected)
}
