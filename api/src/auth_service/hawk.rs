use std::sync::Arc;

use chrono::TimeDelta;
use protocol::{
    hawk,
    time::{self, Timestamp},
};
use serde::Deserialize;

use super::AuthState;
use crate::{
    auth::{AuthenticationError, Caller, Signature, Signed, authenticate},
    http::{ApiResult, Call, Object},
};

/// How long a result is valid where nothing expires sooner.
const VALID_FOR: TimeDelta = TimeDelta::minutes(15);

/// A request as another service received it.
#[derive(Deserialize)]
struct Received {
    method: String,
    resource: String,
    host: String,
    port: u16,
    authorization: Option<String>,
}

pub(super) async fn authenticate_hawk(state: Arc<AuthState>, mut call: Call) -> ApiResult {
    let received: Received = call.body()?;
    let now = state.clock.now();
    Ok(match verify(&state, &received, now) {
        Ok(caller) => success(&caller, now),
        Err(error) => Object::new().field("status", &"auth-failed").field("message", &error.to_string()),
    }
    .into())
}

fn verify(state: &AuthState, received: &Received, now: Timestamp) -> Result<Caller, AuthenticationError> {
    let whole = received.resource.as_str();
    let unsigned = hawk::take_bewit(whole);
    let (resource, bewit) = unsigned.as_ref().map_or((whole, None), |(rest, bewit)| (rest.as_str(), Some(*bewit)));
    let (method, host) = (received.method.to_ascii_uppercase(), received.host.to_ascii_lowercase());
    let signed = Signed { method: &method, resource, host: &host, port: received.port };
    authenticate(state.auth.clients(), &Signature::find(received.authorization.as_deref(), bewit)?, signed, now)
}

fn success(caller: &Caller, now: Timestamp) -> Object {
    let expires = time::format(caller.expires.unwrap_or(now + VALID_FOR));
    let scopes = caller.scopes.as_slice();
    match &caller.client_id {
        None => Object::new().field("status", &"no-auth").field("scheme", &"none"),
        Some(client_id) => Object::new()
            .field("status", &"auth-success")
            .field("scheme", &"hawk")
            .field("clientId", client_id)
            .optional("hash", caller.hash.as_ref()),
    }
    .field("scopes", &scopes)
    .field("expires", &expires)
}
