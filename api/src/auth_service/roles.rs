use std::sync::Arc;

use actors::auth::{Known, Role, RoleBody};
use protocol::time;
use serde::Deserialize;

use super::{AuthState, by, unexpanded};
use crate::http::{ApiError, ApiResponse, ApiResult, Call, Object};

#[derive(Deserialize)]
struct Body {
    description: String,
    scopes: Vec<String>,
}

pub(super) async fn list_roles(state: Arc<AuthState>, _: Call) -> ApiResult {
    let known = state.auth.clients().now();
    let roles: Vec<String> = known.roles().list().iter().map(|role| described(&known, role).finish()).collect();
    Ok(ApiResponse::json_text(format!("[{}]", roles.join(","))))
}

pub(super) async fn list_roles2(state: Arc<AuthState>, call: Call) -> ApiResult {
    let known = state.auth.clients().now();
    let (roles, token) = page(&known, &call)?;
    let roles = roles.iter().map(|role| described(&known, role));
    Ok(Object::new().list("roles", roles).optional("continuationToken", token.as_ref()).into())
}

pub(super) async fn list_role_ids(state: Arc<AuthState>, call: Call) -> ApiResult {
    let known = state.auth.clients().now();
    let (roles, token) = page(&known, &call)?;
    let ids: Vec<&str> = roles.iter().map(|role| role.row.role_id.as_str()).collect();
    Ok(Object::new().field("roleIds", &ids).optional("continuationToken", token.as_ref()).into())
}

pub(super) async fn role(state: Arc<AuthState>, call: Call) -> ApiResult {
    response(&state, &call)
}

pub(super) async fn create_role(state: Arc<AuthState>, mut call: Call) -> ApiResult {
    let role_id = call.param("roleId").to_owned();
    let body: RoleBody = call.body::<Body>()?.into();
    body.check(&role_id)?;
    call.authorize(|params| params.list("scopes", body.scopes.clone()))?;
    state.auth.create_role(&role_id, body, &by(&call)).await?;
    response(&state, &call)
}

/// Scopes that the role has already do not count as added.
pub(super) async fn update_role(state: Arc<AuthState>, mut call: Call) -> ApiResult {
    let role_id = call.param("roleId").to_owned();
    let body: RoleBody = call.body::<Body>()?.into();
    let allow = |added: &[&str]| call.authorize(|params| params.list("scopesAdded", added.iter().copied()));
    state.auth.update_role::<ApiError>(&role_id, &body, &by(&call), allow).await?;
    response(&state, &call)
}

pub(super) async fn delete_role(state: Arc<AuthState>, call: Call) -> ApiResult {
    state.auth.delete_role(call.param("roleId"), &by(&call)).await?;
    Ok(ApiResponse::no_content())
}

impl From<Body> for RoleBody {
    fn from(Body { description, scopes }: Body) -> Self {
        Self { description, scopes }
    }
}

/// Without a limit, all there are.
fn page<'k>(known: &'k Known, call: &Call) -> Result<(&'k [Role], Option<String>), ApiError> {
    let page = call.page::<String>()?;
    let limit = if call.query("limit").is_some() { usize::try_from(page.limit).unwrap_or(1) } else { usize::MAX };
    let (roles, more) = known.roles().after(page.after.as_deref(), limit);
    let last = roles.last().filter(|_| more);
    Ok((roles, last.map(|role| call.token(&role.row.role_id))))
}

/// The role of the path, as it is now.
fn response(state: &AuthState, call: &Call) -> ApiResult {
    let (known, role_id) = (state.auth.clients().now(), call.param("roleId"));
    let role = known.role(role_id).ok_or_else(|| ApiError::not_found(format!("there is no role `{role_id}`")))?;
    Ok(described(&known, role).into())
}

fn described(known: &Known, role: &Role) -> Object {
    let expanded = known.roles().expanded(role);
    let expanded = expanded.unwrap_or_else(|error| unexpanded("role", &role.row.role_id, &role.row.scopes, error));
    Object::new()
        .field("roleId", &role.row.role_id)
        .field("description", &role.row.description)
        .field("scopes", &role.row.scopes)
        .field("created", &time::format(role.row.created))
        .field("lastModified", &time::format(role.row.last_modified))
        .field("expandedScopes", &expanded.as_slice())
}
