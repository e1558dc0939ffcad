//! Rendering a `.taskcluster.yml` for anybody: at most two at a time, away from the async threads.

use std::sync::Arc;

use actors::github::{FakeEvent, Github};
use serde::Deserialize;

use crate::http::{ApiResult, Call, Object};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    body: String,
    fake_event: FakeEvent,
    organization: Option<String>,
    repository: Option<String>,
}

pub(super) async fn render(github: Arc<Github>, mut call: Call) -> ApiResult {
    let Request { body, fake_event, organization, repository } = call.body()?;
    let pool = call.cpu_pool().clone();
    let preview = pool.run(move || {
        let owner = organization.as_deref().unwrap_or("taskcluster");
        github.preview(&body, &fake_event, owner, repository.as_deref().unwrap_or("repository"))
    });
    let preview = preview.await??;
    let tasks = preview.tasks.iter().map(|(task_id, task)| Object::new().field("taskId", task_id).field("task", task));
    Ok(Object::new().list("tasks", tasks).field("scopes", &preview.scopes).into())
}
