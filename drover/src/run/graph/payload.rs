//! Payloads for our own workers. What other payloads may hold is for the workers that read them to say.

use serde_json::{Value, json};
use worker::payload::{FieldError, Payload, PayloadError};

/// The task queue of the workers of `drover dev`, and the default of `drover run`.
const QUEUE: &str = "local/worker";
/// In seconds, for a payload without one.
const MAX_RUN_TIME: u32 = 3600;

/// Adds fields that the schema of the payload requires and that have a default.
pub(super) fn fill(task: &mut Value) {
    if !is_ours(task) {
        return;
    }
    if let Some(payload) = task["payload"].as_object_mut() {
        payload.entry("maxRunTime").or_insert(json!(MAX_RUN_TIME));
    }
}

/// Why a worker would refuse the payload: the field, and what is wrong with it.
pub(super) fn problems(task: &Value) -> Vec<(String, String)> {
    let error = is_ours(task).then(|| Payload::read(&task["payload"]).err()).flatten();
    let errors = error.map(|PayloadError(errors)| errors).unwrap_or_default();
    errors.into_iter().map(|FieldError { field, message }| (field, message)).collect()
}

fn is_ours(task: &Value) -> bool {
    task["taskQueueId"] == QUEUE
}
