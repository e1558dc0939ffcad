//! What Drover offers about hooks besides Taskcluster's API.

use std::sync::Arc;

use actors::hooks::{DryRun, DryRunRequest, FireRow, HookExplanation, Hooks};
use protocol::{state::TaskState, time};
use serde_json::{Value, json};

use super::{by, name};
use crate::http::{ApiResult, Call, Object};

pub(super) async fn explain_hook(hooks: Arc<Hooks>, call: Call) -> ApiResult {
    let at = call.query("at").and_then(time::parse);
    let HookExplanation { name, reasons, paused, next_scheduled_at, fires, discards, queue } =
        hooks.explain(&name(&call), at).await?;
    let discards = discards.iter().map(|row| {
        json!({ "reason": row.reason, "messages": row.messages, "firstSeen": time::format(row.first_seen),
                "lastSeen": time::format(row.last_seen) })
    });
    let read = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
    let queue = queue.map(|queue| {
        json!({ "bound": read(&queue.bound), "refused": read(&queue.refused), "checked": queue.checked.map(time::format) })
    });
    Ok(Object::new()
        .field("hookGroupId", &name.hook_group_id)
        .field("hookId", &name.hook_id)
        .field("paused", &paused)
        .field("reasons", &reasons)
        .optional("nextScheduledDate", next_scheduled_at.map(time::format).as_ref())
        .field("fires", &fires.iter().map(fire).collect::<Vec<Value>>())
        .field("discarded", &discards.collect::<Vec<Value>>())
        .optional("queue", queue.as_ref())
        .into())
}

pub(super) async fn dry_run_hook(hooks: Arc<Hooks>, mut call: Call) -> ApiResult {
    let request: DryRunRequest = call.body()?;
    let DryRun { context, task, matches_binding, payload_errors, missing_scopes, error } =
        hooks.dry_run(&name(&call), request, by(&call)?).await?;
    let payload_errors: Vec<String> = payload_errors.iter().map(ToString::to_string).collect();
    Ok(Object::new()
        .field("context", &context)
        .optional("task", task.as_ref())
        .optional("matchesBinding", matches_binding.as_ref())
        .field("payloadErrors", &payload_errors)
        .optional("missingScopes", missing_scopes.as_ref())
        .optional("error", error.as_ref())
        .into())
}

pub(super) async fn pause_hook(hooks: Arc<Hooks>, call: Call) -> ApiResult {
    set_paused(&hooks, &call, true).await
}

pub(super) async fn resume_hook(hooks: Arc<Hooks>, call: Call) -> ApiResult {
    set_paused(&hooks, &call, false).await
}

async fn set_paused(hooks: &Hooks, call: &Call, paused: bool) -> ApiResult {
    hooks.set_paused(&name(call), paused, by(call)?).await?;
    Ok(Object::new().field("paused", &paused).into())
}

fn fire(fire: &FireRow) -> Value {
    json!({
        "firedBy": fire.fired_by.as_str(),
        "fired": time::format(fire.fired),
        "scheduledAt": fire.scheduled_at.map(time::format),
        "result": fire.result.as_str(),
        "error": fire.error,
        "taskId": fire.task_id,
        "taskState": fire.task_state.map(TaskState::as_str),
    })
}
