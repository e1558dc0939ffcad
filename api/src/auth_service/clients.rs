use std::sync::Arc;

use actors::auth::{ClientBody, ClientRow, Known};
use protocol::time::{self, Timestamp};
use serde::Deserialize;

use super::{AuthState, by, unexpanded};
use crate::http::{ApiError, ApiResponse, ApiResult, Call, Object};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    description: String,
    #[serde(with = "time::wire")]
    expires: Timestamp,
    scopes: Option<Vec<String>>,
    #[serde(default)]
    delete_on_expiration: bool,
}

pub(super) async fn list_clients(state: Arc<AuthState>, call: Call) -> ApiResult {
    let page = state.auth.list_clients(call.query("prefix").unwrap_or_default(), call.page()?).await?;
    let known = state.auth.clients().now();
    let token = page.next.map(|next| call.token(&next));
    let clients = page.rows.iter().map(|row| described(&known, row));
    Ok(Object::new().list("clients", clients).optional("continuationToken", token.as_ref()).into())
}

pub(super) async fn client(state: Arc<AuthState>, call: Call) -> ApiResult {
    Ok(response(&state, &state.auth.client(call.param("clientId")).await?))
}

pub(super) async fn create_client(state: Arc<AuthState>, mut call: Call) -> ApiResult {
    let client_id = call.param("clientId").to_owned();
    let body: ClientBody = call.body::<Body>()?.into();
    body.check(&client_id)?;
    call.authorize(|params| params.list("scopes", body.scopes.clone().unwrap_or_default()))?;
    let (row, token) = state.auth.create_client(&client_id, body, &by(&call)).await?;
    Ok(described(&state.auth.clients().now(), &row).field("accessToken", &token).into())
}

pub(super) async fn update_client(state: Arc<AuthState>, mut call: Call) -> ApiResult {
    let client_id = call.param("clientId").to_owned();
    let body: ClientBody = call.body::<Body>()?.into();
    let allow = |added: &[&str]| call.authorize(|params| params.list("scopesAdded", added.iter().copied()));
    Ok(response(&state, &state.auth.update_client::<ApiError>(&client_id, body, &by(&call), allow).await?))
}

pub(super) async fn reset_access_token(state: Arc<AuthState>, call: Call) -> ApiResult {
    let (row, token) = state.auth.reset_access_token(call.param("clientId"), &by(&call)).await?;
    Ok(described(&state.auth.clients().now(), &row).field("accessToken", &token).into())
}

pub(super) async fn enable_client(state: Arc<AuthState>, call: Call) -> ApiResult {
    Ok(response(&state, &state.auth.enable_client(call.param("clientId"), true, &by(&call)).await?))
}

pub(super) async fn disable_client(state: Arc<AuthState>, call: Call) -> ApiResult {
    Ok(response(&state, &state.auth.enable_client(call.param("clientId"), false, &by(&call)).await?))
}

pub(super) async fn delete_client(state: Arc<AuthState>, call: Call) -> ApiResult {
    state.auth.delete_client(call.param("clientId"), &by(&call)).await?;
    Ok(ApiResponse::no_content())
}

impl From<Body> for ClientBody {
    fn from(body: Body) -> Self {
        let Body { description, expires, scopes, delete_on_expiration } = body;
        Self { description, expires, scopes, delete_on_expiration }
    }
}

fn response(state: &AuthState, row: &ClientRow) -> ApiResponse {
    described(&state.auth.clients().now(), row).into()
}

fn described(known: &Known, row: &ClientRow) -> Object {
    let expanded = match known.client(&row.client_id) {
        Some(client) if client.scopes == row.scopes => known.scopes_of(client),
        _ => known.roles().expand(&row.scopes).map(Arc::new),
    };
    let expanded = expanded.unwrap_or_else(|error| unexpanded("client", &row.client_id, &row.scopes, error));
    Object::new()
        .field("clientId", &row.client_id)
        .field("description", &row.description)
        .field("expires", &time::format(row.expires))
        .field("created", &time::format(row.created))
        .field("lastModified", &time::format(row.last_modified))
        .field("lastDateUsed", &time::format(row.last_date_used))
        .field("lastRotated", &time::format(row.last_rotated))
        .field("deleteOnExpiration", &row.delete_on_expiration)
        .field("scopes", &row.scopes)
        .field("expandedScopes", &expanded.as_slice())
        .field("disabled", &row.disabled)
}
