//! `rerun`: one more run of a resolved task.

use protocol::state::ReasonCreated;
use serde_json::json;

use super::{Caller, Record, Request, Result};

pub(super) async fn run(caller: &Caller<'_>, request: &Request, record: &mut Record<'_>) -> Result<()> {
    let status = caller.status(request.target()?).await?;
    let last = status.runs.last();
    // A run of this action that was lost may have done it: the task may even be resolved again by now.
    let is_done =
        last.is_some_and(|run| run.reason_created == ReasonCreated::Rerun && run.scheduled >= request.created);
    let status = if is_done { status } else { caller.rerun(&status).await? };
    let run_id = status.runs.last().map(|run| run.run_id);
    record.line(&format!("task {} has run {} now", status.task_id, run_id.unwrap_or_default()));
    record.result(json!({ "taskId": status.task_id, "runId": run_id, "state": status.state }));
    Ok(())
}
