//! Worker pools and their workers.

use serde_json::{Value, json};

use super::{Steps, soon};

const POOL: &str = "tests/repeated-pool";
const SECRET: &str = "abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLM_012";

pub(super) async fn run(steps: &mut Steps) {
    let worker = [POOL, "g", "w"];
    steps.twice("worker-manager.createWorkerPool", &[POOL], pool()).await;
    let plan = json!({ "operation": "update", "workerPool": pool() });
    let planned = steps.twice("worker-manager.planWorkerPool", &[POOL], plan).await;
    assert_eq!(planned["workerPool"]["workerPoolId"], POOL);
    steps.twice("worker-manager.updateWorkerPool", &[POOL], pool()).await;
    let pause = json!({ "reason": "a test" });
    let paused = steps.twice("worker-manager.pauseWorkerPool", &[POOL], pause).await;
    assert_eq!(paused["pauseReason"], "a test");
    let resumed = steps.twice("worker-manager.resumeWorkerPool", &[POOL], json!({})).await;
    assert!(resumed.get("pausedUntil").is_none());
    steps.conflicts("worker-manager.createWorker", &worker, new_worker()).await;
    steps.conflicts("worker-manager.createWorkerWithColon", &[POOL, "g", "colon"], new_worker()).await;
    steps.twice("worker-manager.updateWorker", &worker, new_worker()).await;
    steps.twice("worker-manager.updateWorkerWithColon", &worker, new_worker()).await;
    let registered = steps.twice("worker-manager.registerWorker", &[], registration()).await;
    // The secret is good once.
    let again = json!({ "workerPoolId": POOL, "workerGroup": "g", "workerId": "w", "secret": registered["secret"] });
    let first = steps.call("worker-manager.reregisterWorker", &[], &again).await;
    assert_eq!(first.0, 200, "{first:?}");
    steps.refused("worker-manager.reregisterWorker", &[], again).await;
    let error =
        json!({ "workerGroup": "g", "workerId": "w", "kind": "a-test", "title": "a", "description": "b", "extra": {} });
    steps.twice("worker-manager.reportWorkerError", &[POOL], error).await;
    steps.twice("worker-manager.removeWorker", &worker, Value::Null).await;
    let deleted = steps.twice("worker-manager.deleteWorkerPool", &[POOL], Value::Null).await;
    assert_eq!(deleted["providerId"], json!("null-provider"));
}

/// A worker of a pool of its own.
pub(super) async fn of_worker(steps: &mut Steps, pool_id: &str, group: &str, id: &str) {
    steps.twice("worker-manager.createWorkerPool", &[pool_id], pool()).await;
    steps.conflicts("worker-manager.createWorker", &[pool_id, group, id], new_worker()).await;
}

fn pool() -> Value {
    json!({ "providerId": "static", "description": "a test", "config": {}, "owner": "o@example.com", "emailOnError": false })
}

fn new_worker() -> Value {
    json!({ "expires": soon(), "providerInfo": { "staticSecret": SECRET } })
}

fn registration() -> Value {
    let proof = json!({ "staticSecret": SECRET });
    json!({ "workerPoolId": POOL, "providerId": "static", "workerGroup": "g", "workerId": "w", "workerIdentityProof": proof })
}
