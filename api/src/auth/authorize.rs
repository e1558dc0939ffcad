use std::borrow::Cow;

use protocol::{error::ErrorCode, scope::ScopeExpression};
use serde_json::json;

use super::Caller;
use crate::http::ApiError;

/// The error for a caller who lacks scopes: what is missing and the smallest grant that would do, in the message and in
/// `details` for programs. Of very many scopes only the first are listed.
pub(crate) fn insufficient(caller: &Caller, required: &ScopeExpression) -> ApiError {
    let missing = required.missing_from(&caller.scopes);
    let is_short = missing.as_ref().is_none_or(ScopeExpression::is_short);
    let grant = missing.as_ref().filter(|_| is_short).and_then(ScopeExpression::smallest_grant);
    let (missing, required) = (missing.as_ref().map(shown), shown(required));
    let (who, whom) = match &caller.client_id {
        Some(client_id) => (
            format!("The client `{client_id}` does not hold the scopes for this request."),
            format!("the client `{client_id}` or one of its roles"),
        ),
        None => (
            "The request is not signed, and what everybody may do is not enough for it.".to_owned(),
            "the role `anonymous`, or sign the request as a client that holds them".to_owned(),
        ),
    };
    let more = if is_short { "" } else { ", among many more" };
    let missing_words =
        missing.as_ref().map_or_else(String::new, |missing| format!(" Missing{more}:\n\n```\n{missing}\n```"));
    let grant_words = match &grant {
        Some(grant) => format!("The smallest grant that would do, to {whom}:\n\n```\n{}\n```", grant.join("\n")),
        None if is_short => "No grant would do.".to_owned(),
        None => "So many are missing that the smallest grant is not worked out.".to_owned(),
    };
    let message = format!("{who}{missing_words}\n\nThe request requires:\n\n```\n{required}\n```\n\n{grant_words}");
    let details =
        json!({ "clientId": caller.client_id, "unsatisfied": missing, "required": required, "smallestGrant": grant });
    ApiError::new(ErrorCode::InsufficientScopes, message).with_details(details)
}

fn shown(expression: &ScopeExpression) -> Cow<'_, ScopeExpression> {
    if expression.is_short() { Cow::Borrowed(expression) } else { Cow::Owned(expression.abridged()) }
}
