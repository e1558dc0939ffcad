//! Creating, updating and removing hooks.

use db::hooks::{HookCreated, NewHook};
use protocol::id::TaskId;

use super::{Hook, HookBody, HookError, HookName, Hooks, Inner, Result, built_in, by, definition::Definition};
use crate::auth::access_token;

impl Hooks {
    /// Creates a hook. The same again is success.
    pub async fn create(&self, name: &HookName, body: HookBody, client_id: &str) -> Result<Hook> {
        built_in::check_creatable(name)?;
        self.create_any(name, body, client_id).await
    }

    pub(super) async fn create_any(&self, name: &HookName, body: HookBody, client_id: &str) -> Result<Hook> {
        let inner = &self.0;
        let body = HookBody { bindings: Some(body.bindings.clone().unwrap_or_default()), ..body };
        let Checked { hook, text, bindings, .. } = inner.checked(name, body).await?;
        let now = inner.clock.now();
        let token = inner.seal_token(name, &access_token(&inner.rng));
        let next_task_id = inner.seal_task_id(name, TaskId::from_random(inner.rng.uuid_bytes()));
        let new = NewHook {
            hook_group_id: &name.hook_group_id,
            hook_id: &name.hook_id,
            definition: &text,
            bindings: bindings.as_deref().unwrap_or("[]"),
            trigger_token: &token,
            next_task_id: &next_task_id,
            next_scheduled_at: hook.definition.schedule_of(name)?.next_after(now),
        };
        let created = inner.db.hook_create(&new, &by(client_id), now).await?;
        if created == HookCreated::Differs {
            return Err(HookError::Exists(name.clone()));
        }
        inner.hook_changed();
        Ok(hook)
    }

    /// Replaces the definition of a hook. Bindings that are not given stay.
    pub async fn update(&self, name: &HookName, body: HookBody, client_id: &str) -> Result<Hook> {
        built_in::check_changeable(name)?;
        self.update_any(name, body, client_id).await
    }

    pub(super) async fn update_any(&self, name: &HookName, body: HookBody, client_id: &str) -> Result<Hook> {
        let inner = &self.0;
        let Checked { hook, text, bindings } = inner.checked(name, body).await?;
        let now = inner.clock.now();
        let next = hook.definition.schedule_of(name)?.next_after(now);
        let by = by(client_id);
        let updated = inner.db.hook_update(name.parts(), &text, bindings.as_deref(), next, &by, now).await?;
        let row = updated.ok_or_else(|| HookError::NoSuchHook(name.clone()))?;
        inner.hook_changed();
        Hook::try_from(&row)
    }

    /// There is no such hook afterwards.
    pub async fn remove(&self, name: &HookName, client_id: &str) -> Result<()> {
        built_in::check_changeable(name)?;
        self.0.db.hook_delete(name.parts(), &by(client_id), self.0.clock.now()).await?;
        self.0.hook_changed();
        Ok(())
    }

    /// Lets a hook fire only on demand from now on, or as it is defined again. Dates that pass meanwhile are not made up for.
    pub async fn set_paused(&self, name: &HookName, paused: bool, client_id: &str) -> Result<()> {
        let inner = &self.0;
        let (hook, now) = (Hook::try_from(&inner.hook(name).await?)?, inner.clock.now());
        let next = hook.definition.schedule_of(name)?.next_after(now);
        if !inner.db.hook_set_paused(name.parts(), paused, next, &by(client_id), now).await? {
            return Err(HookError::NoSuchHook(name.clone()));
        }
        inner.hook_changed();
        Ok(())
    }
}

/// A definition that can be stored.
struct Checked {
    hook: Hook,
    text: String,
    bindings: Option<String>,
}

impl Inner {
    async fn checked(&self, name: &HookName, body: HookBody) -> Result<Checked> {
        let (name, settings) = (name.clone(), self.settings.clone());
        self.blocking
            .run(move || {
                let (definition, bindings) = body.checked(&name, &settings)?;
                let (text, texts) = (text(&name, &definition)?, bindings.as_ref().map(|it| text_of(&name, it)));
                let bindings_text = texts.transpose()?;
                let hook = Hook { name, definition, bindings: bindings.unwrap_or_default() };
                Ok(Checked { hook, text, bindings: bindings_text })
            })
            .await
    }

    fn hook_changed(&self) {
        self.notifications.relay.notify();
        self.changed.notify();
    }
}

fn text(name: &HookName, definition: &Definition) -> Result<String> {
    text_of(name, definition)
}

/// The same for equal values: keys of objects are sorted.
fn text_of(name: &HookName, value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|cause| HookError::Stored { name: name.clone(), cause })
}
