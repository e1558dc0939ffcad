use protocol::{error::ErrorCode, scope::ScopeExpression};
use serde_json::json;

use super::Caller;
use crate::http::Fault;

/// The refusal of a caller who lacks scopes: in words, and in `details` for programs.
pub(crate) fn insufficient(caller: &Caller, required: &ScopeExpression) -> Fault {
    let missing = required.missing_from(&caller.scopes);
    let message = match (&caller.client_id, &missing) {
        (Some(client_id), Some(missing)) => format!(
            "The client `{client_id}` does not hold the scopes for this request. Missing:\n\n```\n{missing}\n```\n\n\
             The request requires:\n\n```\n{required}\n```"
        ),
        _ => format!(
            "The request is not signed, and what everybody may do is not enough for it. \
             The request requires:\n\n```\n{required}\n```"
        ),
    };
    let details = json!({ "clientId": caller.client_id, "unsatisfied": missing, "required": required });
    Fault::new(ErrorCode::InsufficientScopes, message).with_details(details)
}
