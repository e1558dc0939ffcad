use std::sync::Arc;

use actors::queue::{Report, types::ReportRequest};
use protocol::state::ReasonResolved;
use serde::Deserialize;

use super::{QueueState, tasks::status_reply};
use crate::http::{ApiResult, Call};

/// Sent by a worker that wants an error when a run it reports as completed has an unfinished upload. Other servers pass
/// over a header that they do not know.
const REQUIRE_COMPLETE_UPLOADS: &str = "x-drover-require-complete-uploads";

/// Old workers reported a failure as `{"success": false}`.
pub(super) async fn report_completed(state: Arc<QueueState>, mut call: Call) -> ApiResult {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default = "completed")]
        success: bool,
    }
    let body = call.body().unwrap_or(Body { success: completed() });
    report(&state, &call, if body.success { Report::Completed } else { Report::Failed }).await
}

pub(super) async fn report_failed(state: Arc<QueueState>, call: Call) -> ApiResult {
    report(&state, &call, Report::Failed).await
}

pub(super) async fn report_exception(state: Arc<QueueState>, mut call: Call) -> ApiResult {
    #[derive(Deserialize)]
    struct Body {
        reason: ReasonResolved,
    }
    let Body { reason } = call.body()?;
    report(&state, &call, Report::Exception(reason)).await
}

async fn report(state: &QueueState, call: &Call, report: Report) -> ApiResult {
    let request = ReportRequest {
        require_complete_uploads: call.header(REQUIRE_COMPLETE_UPLOADS).is_some(),
        ..ReportRequest::new(call.parsed("taskId")?, call.run_id(), report)
    };
    Ok(status_reply(&state.queue.report(request).await?))
}

const fn completed() -> bool {
    true
}
