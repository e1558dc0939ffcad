use std::sync::Arc;

use actors::worker_manager::WorkerManager;
use protocol::time;

use super::{pool_of, pools::counts};
use crate::http::{ApiResult, Call, Object};

/// Stands for workers without a launch config.
const UNKNOWN: &str = "unknown";

pub(super) async fn list(manager: Arc<WorkerManager>, call: Call) -> ApiResult {
    let (pool, with_archived) = (pool_of(&call), call.query("includeArchived") == Some("true"));
    let page = manager.launch_configs(&pool, with_archived, call.page()?).await?;
    let token = page.next.map(|id| call.token(&id));
    let configs = page.rows.iter().map(|config| {
        Object::new()
            .field("launchConfigId", &config.launch_config_id)
            .field("workerPoolId", &pool)
            .field("isArchived", &config.is_archived)
            .field("configuration", &config.configuration)
            .field("created", &time::format(config.created))
            .field("lastModified", &time::format(config.last_modified))
    });
    Ok(Object::new().list("workerPoolLaunchConfigs", configs).optional("continuationToken", token.as_ref()).into())
}

pub(super) async fn stats(manager: Arc<WorkerManager>, call: Call) -> ApiResult {
    let pool = pool_of(&call);
    let stats = manager.launch_config_stats(&pool).await?;
    let stats = stats.iter().map(|stats| {
        let id = stats.launch_config_id.as_deref().unwrap_or(UNKNOWN);
        counts(Object::new().field("workerPoolId", &pool).field("launchConfigId", &id), &stats.counts)
    });
    Ok(Object::new().list("launchConfigStats", stats).into())
}
