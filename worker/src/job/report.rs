//! Telling the queue how a run ended.

use std::time::Duration;

use protocol::state::ReasonResolved;

use super::{Job, Outcome};
use crate::client::ClientError;

/// The pause between two rounds of tries while the server is away. Each round is patient by itself.
const PAUSE: Duration = Duration::from_secs(1);

impl Job {
    /// Tries for as long as the run is ours. After that the queue has noticed by itself.
    pub(super) async fn report(&self, outcome: &Outcome) {
        let result = async {
            loop {
                match self.tell(outcome).await {
                    Err(error) if error.is_transient() => tokio::time::sleep(PAUSE).await,
                    result => return result,
                }
            }
        };
        let refused = tokio::select! {
            result = result => result.err().map(|error| error.in_full()),
            why = self.claim_keeper.until_lost() => Some(why),
        };
        if let Some(why) = refused {
            let (task_id, run_id) = (self.claim.status.task_id, self.claim.run_id);
            tracing::warn!(task.id = %task_id, run.id = run_id, error = why, "a report was not accepted");
        }
    }

    async fn tell(&self, outcome: &Outcome) -> Result<(), ClientError> {
        let (task_id, run_id, client) = (self.claim.status.task_id, self.claim.run_id, self.claim_keeper.client());
        match outcome {
            Outcome::Completed => match client.report_completed(task_id, run_id).await {
                // The server knows of an upload that we do not know to be unfinished. If it is about something else, this
                // is refused as well.
                Err(refused) if refused.is_conflict() => {
                    tracing::warn!(task.id = %task_id, run.id = run_id, error = refused.in_full(), "a run could not be completed");
                    client.report_exception(task_id, run_id, ReasonResolved::IntermittentTask).await
                }
                result => result,
            },
            Outcome::Failed => client.report_failed(task_id, run_id).await,
            Outcome::Exception(reason) => client.report_exception(task_id, run_id, *reason).await,
            Outcome::Lost(_) => Ok(()),
        }
    }
}
