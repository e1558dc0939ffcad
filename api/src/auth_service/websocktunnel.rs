use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use protocol::time;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{AuthState, by};
use crate::http::{ApiError, ApiResult, Call, Object};

const VALID_FOR: TimeDelta = TimeDelta::hours(96);

/// How far the clock of a websocktunnel may be behind ours.
const SKEW: TimeDelta = TimeDelta::minutes(15);

pub(super) async fn websocktunnel_token(state: Arc<AuthState>, call: Call) -> ApiResult {
    let secret = &state.websocktunnel_secret;
    if secret.is_empty() {
        let message = "this deployment has no websocktunnel: its setting `api.websocktunnel_secret` is empty";
        return Err(ApiError::not_found(message));
    }
    let (audience, client, now) = (call.param("wstAudience"), call.param("wstClient"), state.clock.now());
    let claims = json!({
        "tid": client,
        "sub": by(&call),
        "iat": now.timestamp(),
        "exp": (now + VALID_FOR).timestamp(),
        "nbf": (now - SKEW).timestamp(),
        "iss": "taskcluster-auth",
        "aud": audience,
    });
    let response = Object::new()
        .field("wstClient", &client)
        .field("wstAudience", &audience)
        .field("token", &signed(&claims, secret.reveal()))
        .field("expires", &time::format(now + VALID_FOR));
    Ok(response.into())
}

/// A JSON Web Token, signed by HMAC with SHA-256.
fn signed(claims: &Value, secret: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&json!({ "alg": "HS256", "typ": "JWT" })), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .unwrap_or_else(|_| unreachable!("a key of any length will do"));
    mac.update(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checked against another implementation of JSON Web Tokens.
    #[test]
    fn a_token_has_three_parts_of_which_the_last_signs_the_others() {
        let token = signed(&json!({ "tid": "me" }), "secret");
        let parts: Vec<&str> = token.split('.').collect();
        assert_eq!(parts[0], "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9");
        assert_eq!(parts[1], "eyJ0aWQiOiJtZSJ9");
        assert_eq!(parts[2], "uXogalqbKY8tnDPh3XvBkU968Y6_enayDByYpM1IIlU");
    }
}
