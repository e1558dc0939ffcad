use std::{collections::BTreeMap, sync::Arc};

use actors::worker_manager::{ErrorReport, ErrorStats, PoolError, PoolErrorFilter, WorkerManager};
use chrono::{DateTime, TimeDelta, Utc};
use protocol::{
    id::{ErrorId, TaskQueueId, WorkerName},
    reference::Pattern,
    time,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::pool_of;
use crate::http::{ApiError, ApiResult, Call, Object};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReportBody {
    #[serde(flatten)]
    worker: WorkerName,
    kind: String,
    title: String,
    description: String,
    extra: Map<String, Value>,
}

pub(super) async fn report(manager: Arc<WorkerManager>, mut call: Call) -> ApiResult {
    let ReportBody { worker, kind, title, description, extra } = call.body()?;
    call.authorize(|params| params.text("workerGroup", &worker.worker_group).text("workerId", &worker.worker_id))?;
    let report = ErrorReport { worker_pool_id: pool_of(&call), worker, kind, title, description, extra };
    Ok(shown(&manager.report_error(report).await?).into())
}

pub(super) async fn list(manager: Arc<WorkerManager>, call: Call) -> ApiResult {
    let launch_config_id = call.query("launchConfigId").map(str::to_owned);
    let error_id = call.query("errorId").map(|id| id.parse().map(|ErrorId(id)| id));
    // An id that is none is one of no error.
    let Ok(error_id) = error_id.transpose() else {
        return Ok(Object::new().list("workerPoolErrors", []).into());
    };
    let filter = PoolErrorFilter { error_id, launch_config_id };
    let page = manager.errors(&pool_of(&call), &filter, call.page()?).await?;
    let token = page.next.map(|key| call.token(&key));
    let errors = page.rows.iter().map(shown);
    Ok(Object::new().list("workerPoolErrors", errors).optional("continuationToken", token.as_ref()).into())
}

/// Without a pool, who asks must be allowed to see the errors of all.
pub(super) async fn stats(manager: Arc<WorkerManager>, call: Call) -> ApiResult {
    let pool = call.query("workerPoolId").filter(|id| !id.is_empty());
    if let Some(id) = pool.filter(|id| !Pattern::TaskQueueId.matches(id)) {
        return Err(ApiError::invalid_field("/query/workerPoolId", "be the id of a worker pool", id));
    }
    call.authorize(|params| params.text("workerPoolId", pool.unwrap_or("*")))?;
    let pool = pool.map(|id| TaskQueueId(id.to_owned()));
    let stats = manager.error_stats(pool.as_ref()).await?;
    let now = manager.clock.now();
    let id = pool.map(|pool| pool.0).unwrap_or_default();
    Ok(Object::new().field("workerPoolId", &id).raw("totals", &totals(&stats, now)).into())
}

fn totals(stats: &ErrorStats, now: DateTime<Utc>) -> String {
    let since = |counts: &BTreeMap<i64, i64>, unit: TimeDelta, length: i32| -> BTreeMap<String, i64> {
        let back = (0..length).rev();
        back.map(|n| (time::format(now - unit * n), counts.get(&i64::from(n)).copied().unwrap_or(0))).collect()
    };
    let object = Object::new()
        .field("total", &stats.total)
        .field("daily", &since(&stats.daily, TimeDelta::days(1), 7))
        .field("hourly", &since(&stats.hourly, TimeDelta::hours(1), 24))
        .field("title", &stats.title)
        .field("code", &stats.code)
        .field("workerPool", &stats.worker_pool)
        .field("launchConfig", &stats.launch_config);
    object.to_text()
}

fn shown(error: &PoolError) -> Object {
    Object::new()
        .field("workerPoolId", &error.worker_pool_id)
        .field("errorId", &ErrorId(error.error_id))
        .field("reported", &time::format(error.reported))
        .field("kind", &error.kind)
        .field("title", &error.title)
        .field("description", &error.description)
        .raw("extra", &error.extra)
        .optional("launchConfigId", error.launch_config_id.as_ref())
}
