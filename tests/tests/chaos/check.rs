//! What must hold.

use std::time::{Duration, Instant};

use base::Rng;
use protocol::id::TaskId;
use serde_json::{Value, json};
use tests::{Client, definition};
use tokio::time::sleep;

use crate::Everything;

/// Every process is ready, and a task that is created now is claimed and completed.
pub(crate) async fn recovery(all: &mut Everything, rng: &Rng, within: Duration) {
    let begun = Instant::now();
    while !all.env.is_all_ready().await {
        assert!(begun.elapsed() < within, "a process is not ready {within:?} after the last fault");
        all.env.restart_failed_starts();
        sleep(Duration::from_millis(50)).await;
    }
    let client = all.env.client();
    while !round(&client, rng).await {
        assert!(begun.elapsed() < within, "nothing works yet {within:?} after the last fault");
        sleep(Duration::from_millis(100)).await;
    }
    assert!(begun.elapsed() < within, "it took {:?} to recover", begun.elapsed());
}

async fn round(client: &Client, rng: &Rng) -> bool {
    let (queue, id) = ("tests/recovery", TaskId::from_random(rng.uuid_bytes()));
    let good = |answer: reqwest::Result<tests::Answer>| answer.ok().filter(|answer| answer.status == 200);
    if good(client.create(id, &definition(queue, &json!({}))).await).is_none() {
        return false;
    }
    let Some(claimed) = good(client.claim_work(queue, "recovery", 8).await) else { return false };
    let claims = claimed.body["tasks"].as_array().unwrap().clone();
    let ours = claims.iter().find(|claim| claim["status"]["taskId"] == json!(id));
    let Some(claim) = ours else { return false };
    let run = usize::try_from(claim["runId"].as_u64().unwrap()).unwrap();
    good(client.run(id, run, "completed", &json!({})).await).is_some()
}

/// Every task is resolved, and a run follows another only for a recorded reason.
pub(crate) fn histories(statuses: &[Value]) {
    for status in statuses {
        let state = status["state"].as_str().unwrap();
        assert!(["completed", "failed", "exception"].contains(&state), "a task is not resolved: {status}");
        for pair in status["runs"].as_array().unwrap().windows(2) {
            let expired = pair[0]["state"] == "exception" && pair[0]["reasonResolved"] == "claim-expired";
            assert!(expired && pair[1]["reasonCreated"] == "retry", "a run follows another for no reason: {status}");
        }
    }
}
