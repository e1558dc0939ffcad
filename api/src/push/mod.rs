//! Drover's own endpoints about pushes, as Treeherder sees them.

use std::sync::{Arc, LazyLock};

use actors::treeherder::{PushError, Pushes};
use protocol::{error::ErrorCode, reference::Service};

use crate::{
    http::{ApiError, ApiResponse, ApiResult, Call, Object, Routes},
    object::chain,
};

/// Not part of the public references: it is ours alone.
static SERVICE: LazyLock<Service> = LazyLock::new(|| {
    let parsed = serde_json::from_str(include_str!("api.json"));
    parsed.unwrap_or_else(|error| panic!("the built-in declaration of the push endpoints does not parse: {error}"))
});

pub fn routes(pushes: Pushes) -> Routes {
    Routes::declared(&SERVICE, pushes).on("getPush", get_push).on("replayPush", replay_push).build()
}

async fn get_push(pushes: Arc<Pushes>, call: Call) -> ApiResult {
    let revision = revision(&call)?;
    Ok(ApiResponse::json(&pushes.row(call.param("project"), revision).await?))
}

/// Answers as soon as the request is stored; the jobs follow in turn.
async fn replay_push(pushes: Arc<Pushes>, call: Call) -> ApiResult {
    let (project, revision) = (call.param("project"), revision(&call)?);
    pushes.replay(project, revision).await?;
    Ok(Object::new().field("project", &project).field("revision", &revision).into())
}

fn revision(call: &Call) -> Result<&str, ApiError> {
    let revision = call.param("revision");
    let is_whole = revision.len() == 40 && revision.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let message = "is no revision: it must be 40 hexadecimal digits in lower case";
    if is_whole { Ok(revision) } else { Err(ApiError::input(format!("`{revision}` {message}"))) }
}

impl From<PushError> for ApiError {
    fn from(error: PushError) -> Self {
        match error.code() {
            ErrorCode::InternalServerError => Self::internal(chain(&error)),
            code => Self::new(code, error.to_string()),
        }
    }
}
