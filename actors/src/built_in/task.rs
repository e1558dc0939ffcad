//! What a task of these queues must be, and what it comes to.

use protocol::{state::ReasonResolved, task::TaskDefinition};
use serde_json::json;

use super::Kind;
use crate::queue::{Report, types::Claim};

pub(super) fn outcome(kind: Kind, claim: &Claim) -> Report {
    let task: Result<TaskDefinition, _> = serde_json::from_str(&claim.task.0);
    match (kind, task) {
        (Kind::Succeed, Ok(task)) if is_empty(&task) => Report::Completed,
        (Kind::Fail, Ok(task)) if is_empty(&task) => Report::Failed,
        _ => Report::Exception(ReasonResolved::MalformedPayload),
    }
}

/// Anything in the payload was meant for another worker.
fn is_empty(task: &TaskDefinition) -> bool {
    task.payload == json!({})
}
