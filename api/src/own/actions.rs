//! The actions for a task or a group, and what one of them would trigger.

use std::sync::Arc;

use actors::{
    actions_json::Call as HookCall,
    offered_actions::{Offer, OfferError, OfferedAction},
};
use protocol::{error::ErrorCode, id::TaskId, scope::ScopeExpression};
use serde::Deserialize;
use serde_json::Value;

use super::OwnState;
use crate::{
    http::{ApiError, ApiResult, Call, Object},
    object::chain,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    task_id: Option<TaskId>,
    #[serde(default)]
    input: Value,
}

pub(super) async fn list_actions(state: Arc<OwnState>, call: Call) -> ApiResult {
    let task_id = call.query("task").and_then(|text| text.parse().ok());
    let offer = read(&state, &call, task_id).await?;
    let offered = call.cpu_pool().run(move || offer.list()).await?;
    let actions = offered.actions.iter().map(shown);
    Ok(Object::new().list("actions", actions).optional("problem", offered.problem.as_ref()).into())
}

/// Triggers nothing, so that it gives nobody more than they have: the caller triggers the hook, with their own scopes.
pub(super) async fn prepare_action(state: Arc<OwnState>, mut call: Call) -> ApiResult {
    let Request { task_id, input } = call.body()?;
    let offer = read(&state, &call, task_id).await?;
    let (name, now) = (call.param("name").to_owned(), state.clock.now());
    let prepared = call.cpu_pool().run(move || offer.prepare(&name, &input, now)).await??;
    let HookCall { hook_group_id, hook_id, payload } = prepared;
    Ok(Object::new()
        .field("hookGroupId", &hook_group_id)
        .field("hookId", &hook_id)
        .field("payload", &payload)
        .field("scope", &scope(&hook_group_id, &hook_id))
        .into())
}

async fn read(state: &OwnState, call: &Call, task_id: Option<TaskId>) -> Result<Offer, ApiError> {
    if let Some(task_id) = task_id {
        call.require(Some(ScopeExpression::Scope(format!("queue:get-task:{task_id}"))))?;
    }
    // A link leads to a name that needs a scope of its own.
    let allow = |name: &str| call.require(Some(ScopeExpression::Scope(format!("queue:get-artifact:{name}")))).is_ok();
    Ok(state.actions.read(call.parsed("taskGroupId")?, task_id, &allow).await?)
}

fn shown(action: &OfferedAction) -> Object {
    let OfferedAction { name, title, description, schema, hook, is_built_in, problem } = action;
    let shown = Object::new()
        .field("name", name)
        .field("title", title)
        .field("description", description)
        .optional("schema", schema.as_ref())
        .field("builtIn", is_built_in)
        .optional("problem", problem.as_ref());
    match hook {
        Some((group, id)) => shown.field("hookGroupId", group).field("hookId", id).field("scope", &scope(group, id)),
        None => shown,
    }
}

fn scope(hook_group_id: &str, hook_id: &str) -> String {
    format!("hooks:trigger-hook:{hook_group_id}/{hook_id}")
}

impl From<OfferError> for ApiError {
    fn from(error: OfferError) -> Self {
        match error {
            OfferError::Queue(error) => error.into(),
            error => match error.code() {
                ErrorCode::InternalServerError => Self::internal(chain(&error)),
                code => Self::new(code, error.to_string()),
            },
        }
    }
}
