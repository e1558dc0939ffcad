//! The endpoints of the hooks service.

mod error;
mod fires;
mod own;

use std::sync::Arc;

use actors::hooks::{Hook, HookBody, HookName, Hooks, Trigger};
use serde_json::{Map, Value};

use crate::http::{ApiError, ApiResult, Call, Object, Routes};

pub fn routes(hooks: Hooks) -> Routes {
    Routes::of("hooks", hooks)
        .on("listHookGroups", list_hook_groups)
        .on("listHooks", list_hooks)
        .on("hook", hook)
        .on("getHookStatus", fires::get_hook_status)
        .on("createHook", create_hook)
        .on("updateHook", update_hook)
        .on("removeHook", remove_hook)
        .on("triggerHook", trigger_hook)
        .on("getTriggerToken", get_trigger_token)
        .on("resetTriggerToken", reset_trigger_token)
        .on("triggerHookWithToken", trigger_hook_with_token)
        .on("listLastFires", fires::list_last_fires)
        .build()
}

/// Endpoints of Drover's own API.
pub fn own_routes(hooks: Hooks) -> Routes {
    Routes::of("drover", hooks)
        .on("explainHook", own::explain_hook)
        .on("dryRunHook", own::dry_run_hook)
        .on("pauseHook", own::pause_hook)
        .on("resumeHook", own::resume_hook)
        .build()
}

async fn list_hook_groups(hooks: Arc<Hooks>, _: Call) -> ApiResult {
    Ok(Object::new().field("groups", &hooks.groups().await?).into())
}

async fn list_hooks(hooks: Arc<Hooks>, call: Call) -> ApiResult {
    let list = hooks.list(call.param("hookGroupId")).await?;
    Ok(Object::new().list("hooks", list.iter().map(shown)).into())
}

async fn hook(hooks: Arc<Hooks>, call: Call) -> ApiResult {
    Ok(shown(&hooks.hook(&name(&call)).await?).into())
}

async fn create_hook(hooks: Arc<Hooks>, mut call: Call) -> ApiResult {
    let body: HookBody = call.body()?;
    Ok(shown(&hooks.create(&name(&call), body, by(&call)?).await?).into())
}

async fn update_hook(hooks: Arc<Hooks>, mut call: Call) -> ApiResult {
    let body: HookBody = call.body()?;
    Ok(shown(&hooks.update(&name(&call), body, by(&call)?).await?).into())
}

async fn remove_hook(hooks: Arc<Hooks>, call: Call) -> ApiResult {
    hooks.remove(&name(&call), by(&call)?).await?;
    Ok(Object::new().into())
}

async fn trigger_hook(hooks: Arc<Hooks>, call: Call) -> ApiResult {
    let trigger = Trigger::Client(by(&call)?.to_owned());
    fire(&hooks, call, trigger).await
}

async fn trigger_hook_with_token(hooks: Arc<Hooks>, call: Call) -> ApiResult {
    let trigger = Trigger::Token(call.param("token").to_owned());
    fire(&hooks, call, trigger).await
}

async fn fire(hooks: &Hooks, mut call: Call, trigger: Trigger) -> ApiResult {
    let payload: Map<String, Value> = call.body()?;
    let Some(task_id) = hooks.trigger(&name(&call), &trigger, payload).await? else {
        return Ok(Object::new().into());
    };
    let status = serde_json::json!({ "taskId": task_id });
    Ok(Object::new().field("taskId", &task_id).field("status", &status).into())
}

async fn get_trigger_token(hooks: Arc<Hooks>, call: Call) -> ApiResult {
    Ok(Object::new().field("token", &hooks.token(&name(&call)).await?).into())
}

async fn reset_trigger_token(hooks: Arc<Hooks>, call: Call) -> ApiResult {
    Ok(Object::new().field("token", &hooks.reset_token(&name(&call), by(&call)?).await?).into())
}

fn name(call: &Call) -> HookName {
    HookName::new(call.param("hookGroupId"), call.param("hookId"))
}

/// Whom the history names, and the template.
fn by(call: &Call) -> Result<&str, ApiError> {
    Ok(call.caller()?.client_id.as_deref().unwrap_or("anonymous"))
}

fn shown(hook: &Hook) -> Object {
    let Hook { name, definition, bindings } = hook;
    Object::new()
        .field("hookGroupId", &name.hook_group_id)
        .field("hookId", &name.hook_id)
        .field("metadata", &definition.metadata)
        .field("task", &definition.task)
        .field("schedule", &definition.schedule)
        .field("triggerSchema", &definition.trigger_schema)
        .field("bindings", bindings)
}
