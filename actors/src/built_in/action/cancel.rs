//! `cancel` and `cancel-group`. What is resolved stays as it is, so a repeat changes nothing.

use serde_json::json;

use super::{Caller, Record, Request, Result};

pub(super) async fn task(caller: &Caller<'_>, request: &Request, record: &mut Record<'_>) -> Result<()> {
    let status = caller.status(request.target()?).await?;
    let state = caller.cancel(&status).await?.state;
    record.line(&format!("task {} is {state} now", status.task_id));
    record.result(json!({ "taskId": status.task_id, "state": state }));
    Ok(())
}

pub(super) async fn group(caller: &Caller<'_>, request: &Request, record: &mut Record<'_>) -> Result<()> {
    let id = request.payload.task_group_id;
    let canceled = caller.cancel_group(id).await?;
    record.line(&format!("task group {id} is sealed, and {canceled} of its tasks are cancelled"));
    record.result(json!({ "taskGroupId": id, "canceled": canceled }));
    Ok(())
}
