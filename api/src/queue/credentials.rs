use chrono::TimeDelta;
use protocol::{
    certificate::{self, Credentials, Order},
    id::{RunId, TaskId, WorkerName},
    time::Timestamp,
};

use super::QueueState;

/// The credentials a worker gets with a run: what it needs to keep and end the run, and the task's own scopes.
/// They end with the claim.
pub(super) fn of_run(
    state: &QueueState,
    task_id: TaskId,
    run_id: RunId,
    worker: &WorkerName,
    taken_until: Timestamp,
    task_scopes: &[String],
) -> Credentials {
    let WorkerName { worker_group, worker_id } = worker;
    let until = seconds(taken_until);
    let name = format!("task-client/{task_id}/{run_id}/on/{worker_group}/{worker_id}/until/{until}");
    let mut scopes = Vec::with_capacity(3 + task_scopes.len());
    scopes.extend(
        ["reclaim-task", "resolve-task", "create-artifact"].map(|may| format!("queue:{may}:{task_id}/{run_id}")),
    );
    scopes.extend_from_slice(task_scopes);
    let order = Order { name: Some(&name), scopes, start: state.clock.now(), expiry: taken_until };
    let issuer = state.clients.queue();
    certificate::issue(&issuer.client_id, &issuer.access_token, order, state.rng.bytes())
}

/// Unix seconds with a fraction where there is one, as part of a name.
fn seconds(time: Timestamp) -> String {
    let whole = time.timestamp();
    match (time - TimeDelta::seconds(whole)).timestamp_subsec_millis() {
        0 => whole.to_string(),
        millis => format!("{whole}.{millis:03}").trim_end_matches('0').to_owned(),
    }
}
