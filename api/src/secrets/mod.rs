//! The endpoints of the secrets service.

use std::sync::Arc;

use actors::secrets::{SecretError, Secrets};
use protocol::{
    error::ErrorCode,
    time::{self, Timestamp},
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    http::{ApiError, ApiResult, Call, Object, Routes},
    object::chain,
};

#[derive(Deserialize)]
struct SetBody {
    secret: Map<String, Value>,
    #[serde(with = "time::wire")]
    expires: Timestamp,
}

pub fn routes(secrets: Secrets) -> Routes {
    Routes::of("secrets", secrets).on("set", set).on("get", get).on("remove", remove).on("list", list).build()
}

async fn set(secrets: Arc<Secrets>, mut call: Call) -> ApiResult {
    let SetBody { secret, expires } = call.body()?;
    secrets.set(call.param("name"), &secret, expires, by(&call)?).await?;
    Ok(Object::new().into())
}

async fn get(secrets: Arc<Secrets>, call: Call) -> ApiResult {
    let open = secrets.get(call.param("name")).await?;
    Ok(Object::new().raw("secret", &open.secret).field("expires", &time::format(open.expires)).into())
}

async fn remove(secrets: Arc<Secrets>, call: Call) -> ApiResult {
    secrets.remove(call.param("name"), by(&call)?).await?;
    Ok(Object::new().into())
}

async fn list(secrets: Arc<Secrets>, call: Call) -> ApiResult {
    let page = secrets.list(call.page()?).await?;
    let token = page.next.map(|name| call.token(&name));
    Ok(Object::new().field("secrets", &page.rows).optional("continuationToken", token.as_ref()).into())
}

/// Whom the history names. Deployments may let everybody write secrets.
fn by(call: &Call) -> Result<&str, ApiError> {
    Ok(call.caller()?.client_id.as_deref().unwrap_or("anonymous"))
}

impl From<SecretError> for ApiError {
    fn from(error: SecretError) -> Self {
        match error.code() {
            ErrorCode::InternalServerError => Self::internal(chain(&error)),
            code => Self::new(code, error.to_string()),
        }
    }
}
