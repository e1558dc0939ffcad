//! What a task of these queues must be, and what it comes to.

use protocol::{state::ReasonResolved, task::TaskDefinition};
use serde_json::json;

use super::{Kind, action};
use crate::queue::{Report, types::Claim};

pub(super) async fn outcome(kind: &Kind, claim: &Claim) -> Report {
    let Ok(task) = serde_json::from_str::<TaskDefinition>(&claim.task.0) else {
        return Report::Exception(ReasonResolved::MalformedPayload);
    };
    match kind {
        // Boxed: the workers of the other queues would hold its future too.
        Kind::Action(actions) => Box::pin(action::run(actions, claim, task)).await,
        Kind::Succeed if is_empty(&task) => Report::Completed,
        Kind::Fail if is_empty(&task) => Report::Failed,
        Kind::Succeed | Kind::Fail => Report::Exception(ReasonResolved::MalformedPayload),
    }
}

/// Anything in the payload was meant for another worker.
fn is_empty(task: &TaskDefinition) -> bool {
    task.payload == json!({})
}
