//! Builds and repositories.

use std::sync::Arc;

use actors::github::{BuildFilter, BuildRow, Github};
use protocol::time;

use super::repository as repository_of;
use crate::http::{ApiResult, Call, Object};

pub(super) async fn list(github: Arc<Github>, call: Call) -> ApiResult {
    let text = |name: &str| call.query(name).map(str::to_owned);
    let filter = BuildFilter {
        owner: text("organization"),
        name: text("repository"),
        sha: text("sha"),
        pull_request: pull_request(&call),
    };
    let page = github.builds(&filter, call.page()?).await?;
    let token = page.next.map(|before| call.token(&before));
    let builds = page.rows.iter().map(shown);
    Ok(Object::new().list("builds", builds).optional("continuationToken", token.as_ref()).into())
}

pub(super) async fn cancel(github: Arc<Github>, call: Call) -> ApiResult {
    let repository = repository_of(&call)?;
    let cancelled = github.cancel_builds(&repository, call.query("sha"), pull_request(&call)).await?;
    Ok(Object::new().list("builds", cancelled.iter().map(shown)).into())
}

pub(super) async fn repository(github: Arc<Github>, call: Call) -> ApiResult {
    let installed = github.is_installed(&repository_of(&call)?).await?;
    Ok(Object::new().field("installed", &installed).into())
}

/// A number too large for any pull request is one that does not exist.
fn pull_request(call: &Call) -> Option<i64> {
    call.query("pullRequest").map(|number| number.parse().unwrap_or(i64::MAX))
}

fn shown(build: &BuildRow) -> Object {
    let (organization, repository) = Github::wire_names(&build.repository);
    Object::new()
        .field("organization", &organization)
        .field("repository", &repository)
        .field("sha", &build.sha)
        .field("state", &build.state.as_str())
        .field("taskGroupId", &build.task_group_id)
        .field("eventType", &build.event_type)
        .field("eventId", &build.delivery_id)
        .field("created", &time::format(build.created))
        .field("updated", &time::format(build.updated))
        .optional("pullRequestNumber", build.pull_request.as_ref())
}
