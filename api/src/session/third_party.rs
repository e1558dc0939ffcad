//! Third parties that ask people for credentials, by OAuth 2.

use std::sync::Arc;

use actors::third_parties::{AuthorizationRequest, Consent, ThirdPartyCredentials, ThirdPartyError};
use hyper::StatusCode;
use protocol::{error::ErrorCode, time};
use serde::Deserialize;
use serde_json::json;

use super::{SessionState, token_form::TokenForm};
use crate::{
    http::{ApiError, ApiResponse, ApiResult, Call, Object},
    object::chain,
};

/// The query of the link with which the third party sent the browser.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    client_id: String,
    redirect_uri: String,
    response_type: String,
    scope: String,
    state: Option<String>,
    expires: Option<String>,
}

#[derive(Deserialize)]
struct Decision {
    request: Request,
    allow: bool,
}

/// What the person is asked.
pub(super) async fn describe(state: Arc<SessionState>, mut call: Call) -> ApiResult {
    let person = state.person(&call).await?;
    let request: AuthorizationRequest = call.body::<Request>()?.into();
    let consent = state.third_parties.consent(&request, &person);
    let Consent { third_party, redirect_uri, scopes, not_held, client_id, expires, skip, lacking } =
        consent.map_err(|error| state.refused(&request, error))?;
    Ok(Object::new()
        .field("thirdParty", &third_party)
        .field("redirectUri", &redirect_uri)
        .field("scopes", &scopes)
        .field("notHeld", &not_held)
        .field("clientId", &client_id)
        .field("expires", &time::format(expires))
        .field("skipConsent", &skip)
        .field("lacking", &lacking)
        .into())
}

/// Where the browser goes, with the person's answer.
pub(super) async fn decide(state: Arc<SessionState>, mut call: Call) -> ApiResult {
    let person = state.person(&call).await?;
    let Decision { request, allow } = call.body()?;
    let request = request.into();
    let redirect =
        if allow { state.third_parties.allow(&request, &person).await } else { state.third_parties.deny(&request) };
    let redirect = redirect.map_err(|error| state.refused(&request, error))?;
    Ok(Object::new().field("redirect", &redirect).into())
}

/// Errors have the form of RFC 6749, 5.2, which libraries of third parties read, and the one of all other endpoints.
pub(super) async fn exchange(state: Arc<SessionState>, call: Call) -> ApiResult {
    let refused = |word: &str, message: &str| {
        let code = ErrorCode::InputError.as_str();
        let body = json!({ "error": word, "error_description": message, "code": code, "message": message });
        ApiResponse::json(&body).with_status(StatusCode::BAD_REQUEST)
    };
    let Some(form) = TokenForm::parse(call.context().raw()) else {
        return Ok(refused("invalid_request", "the body must be a form (`application/x-www-form-urlencoded`)"));
    };
    if form.grant_type != "authorization_code" {
        return Ok(refused("unsupported_grant_type", "`grant_type` must be `authorization_code`"));
    }
    match state.third_parties.exchange(&form.client_id, &form.redirect_uri, &form.code).await {
        Ok(token) => {
            let token = Object::new().field("access_token", &token.reveal()).field("token_type", &"Bearer");
            Ok(token.field("expires_in", &600).into())
        }
        Err(error @ ThirdPartyError::Code) => Ok(refused("invalid_grant", &error.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// The credentials behind an access token.
pub(super) async fn credentials(state: Arc<SessionState>, call: Call) -> ApiResult {
    let token = call.header("authorization").and_then(|value| value.split_once(' '));
    let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    let token = token.ok_or_else(|| {
        ApiError::new(ErrorCode::AuthenticationFailed, "The header `Authorization` must be `Bearer ACCESS_TOKEN`")
    })?;
    let ThirdPartyCredentials { client_id, access_token, expires } = state.third_parties.credentials(token).await?;
    let credentials = json!({ "clientId": client_id, "accessToken": access_token });
    Ok(Object::new().field("expires", &time::format(expires)).field("credentials", &credentials).into())
}

impl SessionState {
    /// With where the browser goes back to, if it is sent back because of this.
    fn refused(&self, request: &AuthorizationRequest, error: ThirdPartyError) -> ApiError {
        let redirect = self.third_parties.back_for(request, &error);
        let error = ApiError::from(error);
        redirect.map_or(error.clone(), |redirect| error.with_details(json!({ "redirect": redirect })))
    }
}

impl From<Request> for AuthorizationRequest {
    fn from(request: Request) -> Self {
        let Request { client_id, redirect_uri, response_type, scope, state, expires } = request;
        Self { client_id, redirect_uri, response_type, scope, state, expires }
    }
}

impl From<ThirdPartyError> for ApiError {
    fn from(error: ThirdPartyError) -> Self {
        match (error.code(), error) {
            (_, ThirdPartyError::Client(error)) => error.into(),
            (ErrorCode::InternalServerError, error) => Self::internal(chain(&error)),
            (code, error) => Self::new(code, error.to_string()),
        }
    }
}
