//! The history of hooks.

use std::sync::Arc;

use actors::hooks::{FireResult, FireRow, HookStatus, Hooks};
use protocol::time;
use serde_json::{Value, json};

use super::name;
use crate::http::{ApiResult, Call, Object};

pub(super) async fn get_hook_status(hooks: Arc<Hooks>, call: Call) -> ApiResult {
    let HookStatus { last_fire, next_scheduled_at } = hooks.status(&name(&call)).await?;
    let next = next_scheduled_at.map(time::format);
    Ok(Object::new().field("lastFire", &last(last_fire)).optional("nextScheduledDate", next.as_ref()).into())
}

pub(super) async fn list_last_fires(hooks: Arc<Hooks>, call: Call) -> ApiResult {
    let name = name(&call);
    let page = hooks.fires(&name, call.page()?).await?;
    let token = page.next.map(|before| call.token(&before));
    let fires = page.rows.into_iter().map(|fire| {
        Object::new()
            .field("hookGroupId", &name.hook_group_id)
            .field("hookId", &name.hook_id)
            .field("taskId", &fire.task_id)
            .field("firedBy", &fire.fired_by.as_str())
            .field("taskCreateTime", &time::format(fire.fired))
            .field("result", &fire.result.as_str())
            .field("error", &fire.error)
            .field("taskState", &fire.task_state.map_or("unknown", |state| state.as_str()))
    });
    Ok(Object::new().list("lastFires", fires).optional("continuationToken", token.as_ref()).into())
}

fn last(fire: Option<FireRow>) -> Value {
    let Some(fire) = fire else { return json!({ "result": "no-fire" }) };
    let time = time::format(fire.fired);
    match fire.result {
        FireResult::Success => json!({ "result": "success", "taskId": fire.task_id, "time": time }),
        _ => json!({ "result": "error", "error": { "message": fire.error }, "time": time }),
    }
}
