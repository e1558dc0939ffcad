//! Firing on demand.

use db::hooks::{FiredBy, HookRow};
use protocol::id::TaskId;
use serde_json::{Map, Value};

use super::{
    Hook, HookError, HookName, Hooks, Inner, Result,
    fire::{Fire, Fired},
    prepare::FireContext,
};

/// Who triggers a hook.
#[derive(Debug, Clone)]
pub enum Trigger {
    /// A client with the scope for it.
    Client(String),
    /// Whoever has this token.
    Token(String),
}

/// A hook that changes more often while it is being fired is not fired.
pub(super) const ATTEMPTS: usize = 5;

impl Hooks {
    /// The task that was made; `None` where the template yields none. With a `taskId` in the payload a repeat makes no second
    /// one; without, a client that repeats its request may have two.
    pub async fn trigger(
        &self,
        name: &HookName,
        trigger: &Trigger,
        payload: Map<String, Value>,
    ) -> Result<Option<TaskId>> {
        let payload = Value::Object(payload);
        for _ in 0..ATTEMPTS {
            let row = self.0.hook(name).await?;
            if let Trigger::Token(token) = trigger {
                self.0.check_token(name, &row, token)?;
            }
            match self.0.trigger(name, &row, trigger, &payload).await? {
                Fired::Task(task_id) => return Ok(Some(task_id)),
                Fired::NoTask => return Ok(None),
                Fired::Changed => {}
            }
        }
        Err(HookError::Changing)
    }
}

impl Inner {
    async fn trigger(&self, name: &HookName, row: &HookRow, trigger: &Trigger, payload: &Value) -> Result<Fired> {
        let hook = Hook::try_from(row)?;
        self.check_payload(&hook, payload).await?;
        let given: Option<TaskId> = payload["taskId"].as_str().and_then(|text| text.parse().ok());
        let now = self.clock.now();
        let (fired_by, client_id) = match trigger {
            Trigger::Client(client_id) => (FiredBy::TriggerHook, Some(client_id.clone())),
            Trigger::Token(_) => (FiredBy::TriggerHookWithToken, None),
        };
        let context = FireContext {
            fired_by,
            payload: Some(payload.clone()),
            client_id,
            task_id: given.unwrap_or_else(|| TaskId::from_random(self.rng.uuid_bytes())),
            now,
            dates_from: now,
            at: now,
            caused_by: None,
        };
        let key = given.map(|task_id| format!("a:{task_id}"));
        let prepared = self.prepare(hook, context.clone()).await;
        let fire = Fire { row, name, key, context: &context, scheduled: None };
        self.carry_out(&fire, prepared).await
    }

    pub(super) async fn check_payload(&self, hook: &Hook, payload: &Value) -> Result<()> {
        let (definition, payload) = (hook.definition.clone(), payload.clone());
        let check = move || definition.schema()?.check(&payload).map_err(HookError::Payload);
        self.blocking.run(check).await
    }
}
