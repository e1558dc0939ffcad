//! What the server has acknowledged, which from then on must be true for ever.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use protocol::id::TaskId;
use serde_json::{Value, json};
use tests::Client;

type RunKey = (TaskId, usize);

/// Shared by everybody who puts load on the server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<Acknowledged>>);

#[derive(Debug, Default)]
struct Acknowledged {
    created: BTreeMap<TaskId, Value>,
    claimed: BTreeMap<RunKey, String>,
    /// The state that was reported, by run.
    reported: BTreeMap<RunKey, &'static str>,
    /// Tasks with something new since the last check.
    touched: BTreeSet<TaskId>,
}

impl Ledger {
    pub(crate) fn created(&self, id: TaskId, definition: Value) {
        self.change(id, |acknowledged| acknowledged.created.insert(id, definition));
    }

    /// No run is ever handed out twice.
    pub(crate) fn claimed(&self, id: TaskId, run_id: usize, worker: &str) {
        let before = self.change(id, |acknowledged| acknowledged.claimed.insert((id, run_id), worker.to_owned()));
        assert_eq!(before, None, "run {run_id} of {id} was given to {worker} too");
    }

    pub(crate) fn reported(&self, id: TaskId, run_id: usize, state: &'static str) {
        self.change(id, |acknowledged| acknowledged.reported.insert((id, run_id), state));
    }

    pub(crate) fn summary(&self) -> String {
        let acknowledged = self.0.lock().unwrap();
        let (created, claimed, reported) =
            (acknowledged.created.len(), acknowledged.claimed.len(), acknowledged.reported.len());
        format!("{created} creates, {claimed} claims and {reported} reports acknowledged")
    }

    /// What was acknowledged since the last check.
    pub(crate) async fn check_last_round(&self, client: &Client) {
        let touched = std::mem::take(&mut self.0.lock().unwrap().touched);
        for id in touched {
            let status = client.status(id).await;
            self.check(id, &status);
        }
    }

    /// Everything ever acknowledged; answers the status of each task.
    pub(crate) async fn check_everything(&self, client: &Client) -> Vec<Value> {
        let created = self.0.lock().unwrap().created.clone();
        let mut statuses = Vec::with_capacity(created.len());
        for (id, definition) in created {
            let status = client.status(id).await;
            self.check(id, &status);
            check_history(&status);
            let stored = client.get(&format!("task/{id}")).await.unwrap().ok();
            assert_eq!(stored["payload"], definition["payload"], "the definition of {id} has changed");
            statuses.push(status);
        }
        statuses
    }

    fn check(&self, id: TaskId, status: &Value) {
        let acknowledged = self.0.lock().unwrap();
        let runs_of = |key: &RunKey| (key.0 == id).then(|| &status["runs"][key.1]);
        let range = (id, 0)..(id, usize::MAX);
        for (key, worker) in acknowledged.claimed.range(range.clone()) {
            let run = runs_of(key).unwrap();
            assert_eq!(run["workerId"], json!(worker), "the claim of run {} is lost: {status}", key.1);
        }
        for (key, state) in acknowledged.reported.range(range) {
            let run = runs_of(key).unwrap();
            assert_eq!(run["state"], json!(state), "the report of run {} is lost: {status}", key.1);
        }
    }

    fn change<T>(&self, id: TaskId, step: impl FnOnce(&mut Acknowledged) -> T) -> T {
        let mut acknowledged = self.0.lock().unwrap();
        acknowledged.touched.insert(id);
        step(&mut acknowledged)
    }
}

/// A task that ran twice has the reason on record, and never two open runs.
fn check_history(status: &Value) {
    let runs = status["runs"].as_array().unwrap();
    for pair in runs.windows(2) {
        let retried = pair[0]["state"] == "exception" && pair[1]["reasonCreated"] == "retry";
        let reason = &pair[0]["reasonResolved"];
        let known = reason == "claim-expired" || reason == "worker-shutdown";
        assert!(retried && known, "a run follows another without a recorded retry: {status}");
    }
}
