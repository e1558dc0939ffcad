//! A client that somebody makes for themselves, such as `taskcluster signin` asks for.

use std::sync::Arc;

use actors::{auth::ClientBody, derived_clients::DerivedClientError};
use protocol::{
    error::ErrorCode,
    scope::ScopeSet,
    time::{self, Timestamp},
};
use serde::Deserialize;

use super::SessionState;
use crate::{
    http::{ApiError, ApiResult, Call, Object},
    object::chain,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    name: String,
    description: String,
    scopes: Vec<String>,
    #[serde(with = "time::wire")]
    expires: Timestamp,
}

/// The client gets those of the scopes that the person holds.
pub(super) async fn create(state: Arc<SessionState>, mut call: Call) -> ApiResult {
    let person = state.person(&call).await?;
    let Body { name, description, scopes, expires } = call.body()?;
    let client_id = format!("{}{name}", person.identity.derived_prefix());
    let scopes = Some(ScopeSet::new(scopes).intersection(&person.scopes).into_vec());
    let body = ClientBody { description, expires, scopes, delete_on_expiration: true };
    let (client, access_token) = state.derived.create(&person.identity, &client_id, body).await?;
    Ok(Object::new()
        .field("clientId", &client.client_id)
        .field("accessToken", &access_token)
        .field("scopes", &client.scopes)
        .field("expires", &time::format(client.expires))
        .into())
}

impl From<DerivedClientError> for ApiError {
    fn from(error: DerivedClientError) -> Self {
        match (error.code(), error) {
            (_, DerivedClientError::Auth(error)) => error.into(),
            (ErrorCode::InternalServerError, error) => Self::internal(chain(&error)),
            (code, error) => Self::new(code, error.to_string()),
        }
    }
}
