use std::sync::Arc;

use actors::queue::{TaskRequest, types::NewTask};
use protocol::id::TaskId;

use super::{QueueState, tasks::status_reply};
use crate::http::{ApiResult, Call};

pub(super) async fn create_task(state: Arc<QueueState>, mut call: Call) -> ApiResult {
    let task_id: TaskId = call.parsed("taskId")?;
    let mut request: TaskRequest = call.body()?;
    request.reconcile_queue()?;
    call.authorize(|params| request.scope_params(params))?;
    let definition = request.finish(task_id, state.clock.now(), &state.limits)?;
    Ok(status_reply(&state.queue.create_task(NewTask { task_id, definition }).await?))
}
