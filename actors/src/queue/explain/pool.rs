//! The worker pool of a task's queue, where machines are launched for it.

use std::time::Duration;

use chrono::TimeDelta;
use db::provisioner::ProvisionStatus;
use protocol::{
    explain::{OpenBreaker, WorkerPool},
    time::{self, Timestamp},
    worker_pool::WorkerState,
};
use serde_json::Value;

/// `None`: its workers are made by others.
pub(super) fn of(status: ProvisionStatus, now: Timestamp) -> Option<WorkerPool> {
    let max_capacity = i64::from(status.max_capacity?.max(status.min_capacity?));
    let capacity = |state: WorkerState| -> i64 {
        let groups = status.workers.iter().filter(|group| group.state == state && !group.is_quarantined);
        groups.map(|group| group.capacity).sum()
    };
    let launching: i64 = status.ledger.iter().map(|launch| i64::from(launch.capacity)).sum();
    let booting = capacity(WorkerState::Requested) + launching;
    let boot = status.boot_seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let boot = boot.and_then(|boot| TimeDelta::from_std(boot).ok());
    let expected = status.booting_since.zip(boot).map(|(since, boot)| since + boot);
    Some(WorkerPool {
        provider_id: status.provider_id,
        max_capacity,
        running: capacity(WorkerState::Running),
        booting,
        stopping: capacity(WorkerState::Stopping),
        booting_since: status.booting_since,
        // A machine that is late is not expected in the past.
        expected: expected.filter(|expected| *expected > now),
        paused_until: status.paused_until,
        pause_reason: status.pause_reason.filter(|_| status.paused_until.is_some()),
        breaker: status.decision.as_deref().and_then(|decision| open_breaker(decision, now)),
    })
}

/// The one that lets a machine try first, where circuit breakers left nothing to launch.
fn open_breaker(decision: &str, now: Timestamp) -> Option<OpenBreaker> {
    let decision: Value = serde_json::from_str(decision).ok()?;
    if decision["launches"].as_array().is_some_and(|launches| !launches.is_empty()) {
        return None;
    }
    let open = decision["excluded"].as_array()?.iter().filter(|excluded| excluded["reason"] == "breaker-open");
    let read = |excluded: &Value| {
        Some(OpenBreaker {
            launch_config_id: excluded["launch_config"].as_str()?.to_owned(),
            until: time::parse(excluded["until"].as_str()?)?,
            failure_class: excluded["class"].as_str()?.to_owned(),
        })
    };
    open.filter_map(read).filter(|breaker| breaker.until > now).min_by_key(|breaker| breaker.until)
}
