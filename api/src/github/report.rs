//! Statuses and comments for GitHub.

use std::sync::Arc;

use actors::github::{CommitStatus, Github};
use serde::Deserialize;

use super::repository;
use crate::http::{ApiResult, Call, Object};

#[derive(Deserialize)]
struct Comment {
    body: String,
}

pub(super) async fn create_status(github: Arc<Github>, mut call: Call) -> ApiResult {
    let status: CommitStatus = call.body()?;
    github.create_status(&repository(&call)?, call.param("sha"), status).await?;
    Ok(Object::new().into())
}

pub(super) async fn create_comment(github: Arc<Github>, mut call: Call) -> ApiResult {
    let Comment { body } = call.body()?;
    github.create_comment(&repository(&call)?, call.param("number"), &body).await?;
    Ok(Object::new().into())
}
