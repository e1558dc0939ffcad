use std::sync::Arc;

use serde::Deserialize;

use super::AuthState;
use crate::http::{ApiError, ApiResult, Call, Object};

#[derive(Deserialize)]
struct Body {
    scopes: Vec<String>,
}

pub(super) async fn expand_scopes(state: Arc<AuthState>, mut call: Call) -> ApiResult {
    let Body { scopes } = call.body()?;
    let expanded = state.auth.clients().now().roles().expand(&scopes);
    let expanded = expanded.map_err(|error| {
        ApiError::input(error.to_string()).at("/payload/scopes", "come to fewer scopes with what roles add", "more")
    })?;
    Ok(Object::new().field("scopes", &expanded.as_slice()).into())
}

pub(super) async fn current_scopes(_: Arc<AuthState>, call: Call) -> ApiResult {
    Ok(Object::new().field("scopes", &call.caller()?.scopes.as_slice()).into())
}
