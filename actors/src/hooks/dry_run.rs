//! What a fire would do: rendered and checked as a fire is, and nothing of it is written.

use bus::Filter;
use db::hooks::FiredBy;
use protocol::{error::FieldError, id::TaskId, scope::ScopeExpression, time};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Hook, HookError, HookName, Hooks, Result, prepare, prepare::FireContext};

/// What would cause the fire; without anything the schedule.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DryRunRequest {
    pub payload: Option<Value>,
    /// A time as the wire spells it.
    pub now: Option<String>,
    pub message: Option<DryRunMessage>,
}

/// A message of the bus.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DryRunMessage {
    pub exchange: String,
    pub routing_key: String,
    #[serde(default)]
    pub cc: Vec<String>,
    pub payload: Value,
}

/// What would become of it.
#[derive(Debug, Clone)]
pub struct DryRun {
    /// What the template knows.
    pub context: Value,
    /// What it yields; `None`: no task, or it cannot be rendered.
    pub task: Option<Value>,
    /// Whether a binding matches the message.
    pub matches_binding: Option<bool>,
    /// How the payload does not fit the triggerSchema.
    pub payload_errors: Vec<FieldError>,
    /// Scopes that the role of the hook lacks.
    pub missing_scopes: Option<ScopeExpression>,
    /// Why there would be no task.
    pub error: Option<String>,
}

impl Hooks {
    /// Changes nothing, and publishes nothing.
    pub async fn dry_run(&self, name: &HookName, request: DryRunRequest, client_id: &str) -> Result<DryRun> {
        let inner = &self.0;
        let hook = Hook::try_from(&inner.hook(name).await?)?;
        let matches_binding = request.message.as_ref().map(|message| matches(&hook, message));
        let context = self.dry_context(request, client_id);
        let payload_errors = match &context.payload {
            Some(payload) => match inner.check_payload(&hook, payload).await {
                Ok(()) => Vec::new(),
                Err(HookError::Payload(errors)) => errors,
                Err(error) => return Err(error),
            },
            None => Vec::new(),
        };
        let (template, for_template) = (hook.definition.task.clone(), context.clone());
        let rendered = inner.blocking.run(move || prepare::rendered(&template, &for_template)).await;
        let prepared = inner.prepare(hook, context.clone()).await;
        let (missing_scopes, error) = match prepared {
            Ok(_) => (None, None),
            Err(HookError::Scopes { role, missing }) => {
                let words = HookError::Scopes { role, missing: missing.clone() }.to_string();
                (Some(*missing), Some(words))
            }
            Err(error) if error.is_of_hook() => (None, Some(error.to_string())),
            Err(error) => return Err(error),
        };
        let task = rendered.ok().flatten().map(Value::Object);
        Ok(DryRun { context: shown(&context), task, matches_binding, payload_errors, missing_scopes, error })
    }

    fn dry_context(&self, request: DryRunRequest, client_id: &str) -> FireContext {
        let at = self.0.clock.now();
        let now = request.now.as_deref().and_then(time::parse).unwrap_or(at);
        let (fired_by, payload) = match (request.message, request.payload) {
            (Some(message), _) => (FiredBy::PulseMessage, Some(message.payload)),
            (None, Some(payload)) => (FiredBy::TriggerHook, Some(payload)),
            (None, None) => (FiredBy::Schedule, None),
        };
        let by_client = fired_by == FiredBy::TriggerHook;
        FireContext {
            fired_by,
            payload,
            client_id: by_client.then(|| client_id.to_owned()),
            task_id: TaskId::from_random(self.0.rng.uuid_bytes()),
            now,
            dates_from: now,
            at: now,
            caused_by: None,
        }
    }
}

fn matches(hook: &Hook, message: &DryRunMessage) -> bool {
    let bindings: Vec<bus::Binding> = hook.bindings.iter().cloned().map(bus::Binding::from).collect();
    Filter::new(&bindings).accepts(&bus::Message {
        exchange: message.exchange.as_str().into(),
        routing_key: message.routing_key.clone(),
        cc: message.cc.clone(),
        content_type: bus::ContentType::Json,
        body: Vec::new().into(),
        id: String::new(),
        replayed: false,
    })
}

fn shown(context: &FireContext) -> Value {
    let mut shown = json!({
        "firedBy": context.fired_by.as_str(),
        "taskId": context.task_id,
        "now": time::format(context.now),
    });
    if let Some(payload) = &context.payload {
        shown["payload"] = payload.clone();
    }
    if let Some(client_id) = &context.client_id {
        shown["clientId"] = json!(client_id);
    }
    shown
}
