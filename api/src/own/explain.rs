use std::sync::Arc;

use super::OwnState;
use crate::http::{ApiResponse, ApiResult, Call};

/// 404 where there is no such task; every other state of things has an answer.
pub(super) async fn explain_task(state: Arc<OwnState>, call: Call) -> ApiResult {
    Ok(ApiResponse::json(&state.queue.explain(call.parsed("taskId")?).await?))
}
