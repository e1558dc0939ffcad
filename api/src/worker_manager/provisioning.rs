use std::sync::Arc;

use actors::worker_manager::{
    BreakerStatus, LaunchConfigStatus, LaunchHistoryRow, PauseRequest, ProvisionStatus, WorkerManager,
};
use protocol::{
    time::{self, Timestamp, wire_option},
    worker_pool::{LaunchState, WorkerState},
};
use serde::Deserialize;
use serde_json::Value;

use super::{by, pool_of};
use crate::http::{ApiResult, Call, Object};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PauseBody {
    #[serde(default, with = "wire_option")]
    until: Option<Timestamp>,
    reason: String,
    launch_config_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResumeBody {
    launch_config_id: Option<String>,
}

pub(super) async fn get(manager: Arc<WorkerManager>, call: Call) -> ApiResult {
    Ok(shown(&manager.provisioning(&pool_of(&call)).await?).into())
}

pub(super) async fn pause(manager: Arc<WorkerManager>, mut call: Call) -> ApiResult {
    let PauseBody { until, reason, launch_config_id } = call.body()?;
    let request = PauseRequest { worker_pool_id: pool_of(&call), launch_config_id, until, reason };
    manager.pause(&request, by(&call)?).await?;
    get(manager, call).await
}

pub(super) async fn resume(manager: Arc<WorkerManager>, mut call: Call) -> ApiResult {
    let ResumeBody { launch_config_id } = call.body()?;
    manager.resume(pool_of(&call), launch_config_id, by(&call)?).await?;
    get(manager, call).await
}

pub(super) async fn decisions(manager: Arc<WorkerManager>, call: Call) -> ApiResult {
    let until = call.query("until").and_then(time::parse);
    let page = manager.decisions(&pool_of(&call), until, call.page()?).await?;
    let token = page.next.map(|at| call.token(&at));
    let decisions = page
        .rows
        .iter()
        .map(|row| Object::new().field("decided", &time::format(row.at)).raw("decision", &row.decision));
    Ok(Object::new().list("decisions", decisions).optional("continuationToken", token.as_ref()).into())
}

pub(super) async fn launches(manager: Arc<WorkerManager>, call: Call) -> ApiResult {
    let page = manager.launches(&pool_of(&call), call.page()?).await?;
    let token = page.next.map(|key| call.token(&key));
    let launches = page.rows.iter().map(launch);
    Ok(Object::new().list("launches", launches).optional("continuationToken", token.as_ref()).into())
}

fn launch(row: &LaunchHistoryRow) -> Object {
    Object::new()
        .field("launchId", &row.launch_id)
        .field("launchConfigId", &row.launch_config_id)
        .field("providerId", &row.provider_id)
        .field("region", &row.region)
        .field("state", launch_state(row.state))
        .field("instances", &row.instances)
        .field("capacity", &row.capacity)
        .field("created", &time::format(row.created))
        .field("lastModified", &time::format(row.since))
        .field("attempts", &row.attempts)
        .optional("failureClass", row.failure_class.as_ref())
        .optional("result", row.result.as_ref())
}

const fn launch_state(state: LaunchState) -> &'static &'static str {
    match state {
        LaunchState::Planned => &"planned",
        LaunchState::Calling => &"calling",
        LaunchState::Unknown => &"unknown",
        LaunchState::Settled => &"settled",
        LaunchState::Failed => &"failed",
    }
}

pub(super) fn shown(status: &ProvisionStatus) -> Object {
    let optional_time =
        |object: Object, name: &str, at: Option<Timestamp>| object.optional(name, at.map(time::format).as_ref());
    let demand = Object::new().field("pending", &status.pending).field("claimed", &status.claimed);
    let demand = optional_time(demand, "oldestPending", status.oldest_pending);
    let object = Object::new()
        .field("workerPoolId", &status.worker_pool_id)
        .field("providerId", &status.provider_id)
        .optional("minCapacity", status.min_capacity.as_ref())
        .optional("maxCapacity", status.max_capacity.as_ref())
        .raw("demand", &demand.finish())
        .raw("supply", &supply(status).finish())
        .list("launchConfigs", status.launch_configs.iter().map(launch_config))
        .list("breakers", status.breakers.iter().map(breaker))
        .optional("bootSeconds", status.boot_seconds.as_ref())
        .optional("pauseReason", status.pause_reason.as_ref().filter(|_| status.paused_until.is_some()));
    let object = optional_time(object, "pausedUntil", status.paused_until);
    let object = optional_time(object, "bootingSince", status.booting_since);
    let object = optional_time(object, "nextDecision", status.provision_at);
    match (&status.decision, status.decided_at) {
        (Some(decision), Some(at)) => {
            let last = Object::new().field("decided", &time::format(at)).raw("decision", decision);
            object.raw("lastDecision", &last.finish())
        }
        _ => object,
    }
}

/// Capacities. Quarantined workers count nowhere else.
fn supply(status: &ProvisionStatus) -> Object {
    let sum = |state: WorkerState| -> i64 {
        let groups = status.workers.iter().filter(|group| group.state == state && !group.is_quarantined);
        groups.map(|group| group.capacity).sum()
    };
    let quarantined: i64 = status.workers.iter().filter(|group| group.is_quarantined).map(|group| group.capacity).sum();
    let launching: i64 = status.ledger.iter().map(|launch| i64::from(launch.capacity)).sum();
    Object::new()
        .field("launching", &launching)
        .field("requested", &sum(WorkerState::Requested))
        .field("running", &sum(WorkerState::Running))
        .field("stopping", &sum(WorkerState::Stopping))
        .field("quarantined", &quarantined)
}

fn launch_config(config: &LaunchConfigStatus) -> Object {
    let is_paused = config.paused_until.is_some();
    Object::new()
        .field("launchConfigId", &config.launch_config_id)
        .field("capacityPerInstance", &config.capacity_per_instance)
        .field("initialWeight", &config.initial_weight)
        .optional("maxCapacity", config.max_capacity.as_ref())
        .optional("pausedUntil", config.paused_until.map(time::format).as_ref())
        .optional("pauseReason", config.pause_reason.as_ref().filter(|_| is_paused))
}

fn breaker(breaker: &BreakerStatus) -> Object {
    let state = breaker.state.get("state").unwrap_or(&Value::Null);
    let part = |name: &str| state.get(name);
    let (word, open) = match state {
        Value::String(word) => (word.as_str(), None),
        _ if part("open").is_some() => ("open", part("open")),
        _ => ("slow-start", None),
    };
    let text = |name: &str| open.and_then(|open| open.get(name)).and_then(Value::as_str).map(str::to_owned);
    let until = text("until").and_then(|until| time::parse(&until)).map(time::format);
    Object::new()
        .field("scope", &breaker.scope)
        .field("key", &breaker.key)
        .field("state", &word)
        .optional("until", until.as_ref())
        .optional("failureClass", text("class").as_ref())
        .optional("allowance", part("slow-start").and_then(|it| it.get("allowance")))
        .optional("reason", breaker.reason.as_ref())
        .field("lastModified", &time::format(breaker.last_modified))
}
