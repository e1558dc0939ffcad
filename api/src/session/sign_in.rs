//! Signing in by an identity provider: these are places that browsers go to, so that errors are shown by the page.

use std::sync::Arc;

use actors::{
    sessions::SessionError,
    sign_in::{ATTEMPT_LIFE, Finished, ProviderError, SignInError},
};
use protocol::error::ErrorCode;
use serde_json::json;

use super::SessionState;
use crate::http::{ApiError, ApiResponse, ApiResult, Call, decode_query};

pub(super) async fn begin(state: Arc<SessionState>, call: Call) -> ApiResult {
    let query = call.context().uri.query().unwrap_or_default();
    let return_to = query.split('&').find_map(|pair| decode_query(pair.strip_prefix("return_to=")?));
    match state.providers.begin(&path(&call), return_to.as_deref()).await {
        Ok((url, attempt)) => {
            let response = ApiResponse::see_other(&url, &json!({ "url": url }))?;
            Ok(response.with_cookie(&state.cookie.of_attempt().set(&attempt.cookie(), ATTEMPT_LIFE)))
        }
        Err(error) => failed(&error),
    }
}

/// The browser comes back with this request from elsewhere: what ties it to an attempt of its own is in a cookie.
pub(super) async fn finish(state: Arc<SessionState>, call: Call) -> ApiResult {
    let of_attempt = state.cookie.of_attempt();
    let context = call.context();
    let query = context.uri.query().unwrap_or_default();
    match state.providers.finish(&path(&call), query, of_attempt.value(&context.headers)).await {
        Ok(Finished { session, return_to }) => {
            let response = ApiResponse::see_other(&return_to, &json!({ "clientId": session.client_id }))?;
            let cookie = state.cookie.set(session.token.reveal(), session.idle);
            Ok(response.with_cookie(&cookie).with_cookie(&of_attempt.clear()))
        }
        Err(error) => Ok(failed(&error)?.with_cookie(&of_attempt.clear())),
    }
}

/// What a provider's paths have after `/login/`.
fn path(call: &Call) -> String {
    match call.param("provider") {
        "" => "github".to_owned(),
        provider => format!("oidc/{provider}"),
    }
}

/// The page says it in words of its own: a link could put any words into an address.
fn failed(error: &SignInError) -> ApiResult {
    let (problem, name) = match error {
        SignInError::NoProvider(_) => return Err(ApiError::new(ErrorCode::ResourceNotFound, error.to_string())),
        SignInError::NoAttempt => ("attempt", None),
        SignInError::Denied(_) => ("denied", None),
        SignInError::Provider(ProviderError::Refused { provider, .. }) => ("refused", Some(provider)),
        SignInError::Provider(ProviderError::Unavailable { provider, .. }) => ("unavailable", Some(provider)),
        SignInError::Session(SessionError::NoRoles(identity)) => ("roles", Some(identity)),
        SignInError::Session(_) | SignInError::Busy(_) => ("busy", None),
    };
    tracing::info!(%error, "somebody could not sign in");
    // Names of providers and identities need no encoding but for `|`.
    let name = name.map(|name| format!("&name={}", name.replace('|', "%7C"))).unwrap_or_default();
    ApiResponse::see_other(&format!("/login?problem={problem}{name}"), &json!({ "message": error.to_string() }))
}
