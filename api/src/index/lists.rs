//! What is in a namespace. At the root there is none in the path of the request.

use std::sync::Arc;

use actors::kit::PageAfter;
use protocol::time;
use serde::Deserialize;

use super::{
    IndexState,
    entries::{described, joined},
};
use crate::http::{ApiError, ApiResult, Call, Object};

/// The body in which old clients send token and limit.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageBody {
    continuation_token: Option<String>,
    limit: i64,
}

pub(super) async fn namespaces(state: Arc<IndexState>, call: Call) -> ApiResult {
    let page = call.page()?;
    list_namespaces(&state, &call, page).await
}

pub(super) async fn namespaces_by_post(state: Arc<IndexState>, mut call: Call) -> ApiResult {
    let page = page_of_body(&mut call)?;
    list_namespaces(&state, &call, page).await
}

pub(super) async fn tasks(state: Arc<IndexState>, call: Call) -> ApiResult {
    let page = call.page()?;
    list_tasks(&state, &call, page).await
}

pub(super) async fn tasks_by_post(state: Arc<IndexState>, mut call: Call) -> ApiResult {
    let page = page_of_body(&mut call)?;
    list_tasks(&state, &call, page).await
}

fn page_of_body(call: &mut Call) -> Result<PageAfter<String>, ApiError> {
    let PageBody { continuation_token, limit } = call.body()?;
    call.page_at(continuation_token.as_deref().filter(|token| !token.is_empty()), limit)
}

async fn list_namespaces(state: &IndexState, call: &Call, page: PageAfter<String>) -> ApiResult {
    let page = state.index.namespaces(call.param("namespace"), page).await?;
    let token = page.next.map(|name| call.token(&name));
    let listed = page.rows.iter().map(|namespace| {
        Object::new()
            .field("namespace", &joined(&namespace.parent, &namespace.name))
            .field("name", &namespace.name)
            .field("expires", &time::format(namespace.expires))
    });
    Ok(Object::new().list("namespaces", listed).optional("continuationToken", token.as_ref()).into())
}

async fn list_tasks(state: &IndexState, call: &Call, page: PageAfter<String>) -> ApiResult {
    let page = state.index.tasks(call.param("namespace"), page).await?;
    let token = page.next.map(|name| call.token(&name));
    let response = Object::new().list("tasks", page.rows.iter().map(described));
    Ok(response.optional("continuationToken", token.as_ref()).into())
}
