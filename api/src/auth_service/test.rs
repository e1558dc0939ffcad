//! Endpoints against which client libraries try their signatures.

use std::sync::Arc;

use protocol::{error::ErrorCode, scope::ScopeExpression};
use serde::Deserialize;

use super::AuthState;
use crate::{
    auth::{Client, Clients, insufficient},
    http::{ApiError, ApiResult, Call, Object},
};

/// Known to everybody, and good for nothing but these endpoints.
const TESTER: (&str, &str) = ("tester", "no-secret");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Trial {
    client_scopes: Vec<String>,
    required_scopes: Vec<String>,
}

pub(super) async fn test_authenticate(state: Arc<AuthState>, mut call: Call) -> ApiResult {
    let trial = call.body()?;
    judge(&state, &call, trial)
}

pub(super) async fn test_authenticate_get(state: Arc<AuthState>, call: Call) -> ApiResult {
    let client_scopes = ["test:*", "auth:create-client:test:*"].map(str::to_owned).to_vec();
    judge(&state, &call, Trial { client_scopes, required_scopes: vec!["test:authenticate-get".to_owned()] })
}

fn judge(state: &AuthState, call: &Call, trial: Trial) -> ApiResult {
    let tester = Client::lasting(TESTER.0, TESTER.1, trial.client_scopes);
    let caller = call.context().identify(&Clients::alone(tester), state.clock.now());
    let caller = caller.and_then(|caller| call.context().check_hash(&caller).map(|()| caller));
    let refused = |message: String| ApiError::new(ErrorCode::AuthenticationFailed, message);
    let caller = caller.map_err(|error| refused(error.to_string()))?;
    let required = ScopeExpression::AllOf(trial.required_scopes.into_iter().map(ScopeExpression::Scope).collect());
    if !required.is_satisfied_by(&caller.scopes) {
        return Err(insufficient(&caller, &required));
    }
    let Some(client_id) = &caller.client_id else { return Err(refused("the request is not signed".to_owned())) };
    Ok(Object::new().field("clientId", client_id).field("scopes", &caller.scopes.as_slice()).into())
}
