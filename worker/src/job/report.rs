//! Telling the queue how a run ended.

use protocol::id::{RunId, TaskId};

use super::Outcome;
use crate::client::Client;

/// A report that does not get through is left to the queue, which notices when the claim runs out.
pub(super) async fn tell(client: &Client, task_id: TaskId, run_id: RunId, outcome: &Outcome) {
    let told = match outcome {
        Outcome::Completed => client.report_completed(task_id, run_id).await,
        Outcome::Failed => client.report_failed(task_id, run_id).await,
        Outcome::Exception(reason) => client.report_exception(task_id, run_id, *reason).await,
        Outcome::Lost(_) => Ok(()),
    };
    if let Err(error) = told {
        tracing::warn!(task.id = %task_id, run.id = run_id, error = error.in_full(), "a report was not accepted");
    }
}
