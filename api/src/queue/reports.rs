use std::sync::Arc;

use actors::queue::Report;
use protocol::state::ReasonResolved;
use serde::Deserialize;

use super::{QueueState, tasks::status_reply};
use crate::http::{Answer, Call};

/// Workers of long ago reported a failure as `{"success": false}`.
pub(super) async fn report_completed(state: Arc<QueueState>, mut call: Call) -> Answer {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default = "completed")]
        success: bool,
    }
    let body = call.body().unwrap_or(Body { success: completed() });
    report(&state, &call, if body.success { Report::Completed } else { Report::Failed }).await
}

pub(super) async fn report_failed(state: Arc<QueueState>, call: Call) -> Answer {
    report(&state, &call, Report::Failed).await
}

pub(super) async fn report_exception(state: Arc<QueueState>, mut call: Call) -> Answer {
    #[derive(Deserialize)]
    struct Body {
        reason: ReasonResolved,
    }
    let Body { reason } = call.body()?;
    report(&state, &call, Report::Exception(reason)).await
}

async fn report(state: &QueueState, call: &Call, report: Report) -> Answer {
    Ok(status_reply(&state.queue.report(call.parsed("taskId")?, call.run_id(), report).await?))
}

const fn completed() -> bool {
    true
}
