//! What the parts of the fake have in common.

use serde_json::{Value, json};

pub(super) const PROJECT: &str = "project-1";
/// The account of the instances.
pub(super) const WORKER_ACCOUNT: &str = "123456789012345678901";

pub(super) fn refusal(status: u16, reason: &str, message: &str) -> (u16, Value) {
    let errors = json!([{ "domain": "global", "reason": reason, "message": message }]);
    (status, json!({ "error": { "code": status, "message": message, "errors": errors } }))
}
