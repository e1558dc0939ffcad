//! Credentials for other systems. Drover has no account with any of them: callers with the scopes get "not found".

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;

use super::AuthState;
use crate::http::{ApiError, ApiResult, Call, Object};

pub(super) async fn aws_s3_credentials(_: Arc<AuthState>, call: Call) -> ApiResult {
    authorize_level(&call)?;
    Err(missing("S3 bucket", call.param("bucket")))
}

pub(super) async fn azure_accounts(_: Arc<AuthState>, _: Call) -> ApiResult {
    Ok(Object::new().list("accounts", []).into())
}

pub(super) async fn azure_account(_: Arc<AuthState>, call: Call) -> ApiResult {
    Err(missing("Azure account", call.param("account")))
}

pub(super) async fn azure_signature(_: Arc<AuthState>, call: Call) -> ApiResult {
    authorize_level(&call)?;
    Err(missing("Azure account", call.param("account")))
}

pub(super) async fn sentry_dsn(_: Arc<AuthState>, call: Call) -> ApiResult {
    Err(missing("Sentry project", call.param("project")))
}

pub(super) async fn gcp_credentials(_: Arc<AuthState>, call: Call) -> ApiResult {
    Err(missing("Google Cloud project", call.param("projectId")))
}

#[derive(Deserialize)]
struct RepoToken {
    repositories: Vec<String>,
    permissions: BTreeMap<String, String>,
}

/// Names of GitHub are not case-sensitive, scopes are: they are required in lower case.
pub(super) async fn github_repo_token(_: Arc<AuthState>, mut call: Call) -> ApiResult {
    let RepoToken { repositories, permissions } = call.body()?;
    let of_repo = |repo: &String| {
        let repo = repo.to_ascii_lowercase();
        permissions.iter().map(move |(permission, level)| format!("{repo}:{permission}:{level}")).collect::<Vec<_>>()
    };
    let owner = call.param("owner").to_ascii_lowercase();
    call.authorize(|params| params.text("owner", owner).list("repoPerms", repositories.iter().flat_map(of_repo)))?;
    Err(missing("GitHub app", call.param("appName")))
}

fn authorize_level(call: &Call) -> Result<(), ApiError> {
    call.authorize(|params| params.flag("levelIsReadOnly", call.param("level") == "read-only"))
}

fn missing(what: &str, name: &str) -> ApiError {
    ApiError::not_found(format!("this deployment is not set up for the {what} `{name}`"))
}
