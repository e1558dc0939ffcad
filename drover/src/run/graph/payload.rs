//! Payloads for our own workers: what a payload may be otherwise is the business of the workers that read it.

use serde_json::{Value, json};
use worker::payload::Payload;

/// The queue of the workers of `drover dev`, and of `drover run` where nothing else is said.
const QUEUE: &str = "local/worker";
/// Seconds that a task may take whose payload does not say it.
const MAX_RUN_TIME: u32 = 3600;

/// Adds what the schema of the payload requires and a default can say.
pub(super) fn fill(task: &mut Value) {
    if !is_ours(task) {
        return;
    }
    if let Some(payload) = task["payload"].as_object_mut() {
        payload.entry("maxRunTime").or_insert(json!(MAX_RUN_TIME));
    }
}

/// What a worker would refuse the task for: the field, and what is wrong with it.
pub(super) fn faults(task: &Value) -> Vec<(String, String)> {
    let refused = is_ours(task).then(|| Payload::read(&task["payload"]).err()).flatten();
    let faults = refused.iter().flat_map(worker::payload::Malformed::faults);
    faults.map(|(field, words)| (field.to_owned(), words.to_owned())).collect()
}

fn is_ours(task: &Value) -> bool {
    task["taskQueueId"] == QUEUE
}
