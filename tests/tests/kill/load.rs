//! Creators and workers that go on until the server no longer answers.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use base::Rng;
use protocol::id::TaskId;
use serde_json::{Value, json};
use tests::{Client, definition};
use tokio::{sync::watch, task::JoinSet, time::timeout};

use crate::ledger::Ledger;

const QUEUE: &str = "tests/kill";
const CREATORS: u64 = 4;
const WORKERS: u64 = 4;
/// Everything that is left must be done within this.
const FINISH: Duration = Duration::from_mins(2);

#[derive(Debug)]
pub(crate) struct Load {
    group: TaskId,
    rng: Rng,
    ledger: Ledger,
    rounds: AtomicU64,
}

/// A load that is under way.
#[derive(Debug)]
pub(crate) struct Running {
    parts: JoinSet<()>,
    answered: watch::Receiver<bool>,
}

impl Load {
    pub(crate) fn new(group: TaskId, rng: &Rng, ledger: Ledger) -> Self {
        Self { group, rng: rng.clone(), ledger, rounds: AtomicU64::new(0) }
    }

    pub(crate) fn start(&self, client: &Client) -> Running {
        let round = self.rounds.fetch_add(1, Ordering::Relaxed);
        let (tell, answered) = watch::channel(false);
        let mut parts = JoinSet::new();
        for number in 0..CREATORS {
            let part = self.part(client, "creator", number, &tell);
            parts.spawn(part.create());
        }
        for number in 0..WORKERS {
            let part = self.part(client, "worker", number, &tell);
            parts.spawn(part.work(format!("w{round}-{number}")));
        }
        Running { parts, answered }
    }

    /// Workers only, until nothing is pending or running any more.
    pub(crate) async fn finish_everything(&self, client: &Client) {
        let (tell, _answered) = watch::channel(false);
        let mut parts = JoinSet::new();
        for number in 0..WORKERS {
            parts.spawn(self.part(client, "finisher", number, &tell).work(format!("last-{number}")));
        }
        let finished = timeout(FINISH, async {
            while open_tasks(client).await > 0 {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        });
        assert!(finished.await.is_ok(), "some tasks are still open after {FINISH:?}");
        parts.shutdown().await;
    }

    fn part(&self, client: &Client, kind: &str, number: u64, tell: &watch::Sender<bool>) -> Part {
        Part {
            client: client.clone(),
            group: self.group,
            rng: self.rng.branch(&format!("{kind} {number}")),
            ledger: self.ledger.clone(),
            answered: tell.clone(),
        }
    }
}

impl Running {
    /// Waits until the load has got hold of the server.
    pub(crate) async fn first_answer(&self) {
        let mut answered = self.answered.clone();
        let first = timeout(Duration::from_secs(20), answered.wait_for(|answered| *answered)).await;
        assert!(matches!(first, Ok(Ok(_))), "no request was answered");
    }

    /// Every part has noticed that the server is gone, and nothing is acknowledged any more.
    pub(crate) async fn end(mut self) {
        while let Some(ended) = self.parts.join_next().await {
            ended.unwrap();
        }
    }
}

struct Part {
    client: Client,
    group: TaskId,
    rng: Rng,
    ledger: Ledger,
    answered: watch::Sender<bool>,
}

impl Part {
    /// Creates tasks, some of which wait for the one before.
    async fn create(self) {
        let mut before = None;
        loop {
            let id = TaskId::from_random(self.rng.uuid_bytes());
            let chained = before.filter(|_| self.rng.range(0..3) == 0);
            let more = json!({
                "taskGroupId": self.group,
                "retries": 49,
                "requires": "all-resolved",
                "dependencies": chained.into_iter().collect::<Vec<TaskId>>(),
                "payload": { "mark": self.rng.number().to_string() },
            });
            let task = definition(QUEUE, &more);
            match self.client.create(id, &task).await {
                Ok(answer) if answer.status == 200 => self.ledger.created(id, task),
                Ok(answer) if answer.status < 500 => panic!("a create was refused: {answer:?}"),
                _ => return,
            }
            self.answered.send_replace(true);
            before = Some(id);
        }
    }

    /// Claims a few runs at a time and reports them one way or another.
    async fn work(self, worker: String) {
        loop {
            let count = usize::try_from(self.rng.range(1..5)).unwrap();
            let answer = match self.client.claim_work(QUEUE, &worker, count).await {
                Ok(answer) if answer.status == 200 => answer.body,
                _ => return,
            };
            let claims: Vec<(TaskId, usize)> = answer["tasks"].as_array().unwrap().iter().map(run_of).collect();
            for (id, run_id) in &claims {
                self.ledger.claimed(*id, *run_id, &worker);
            }
            for (id, run_id) in claims {
                if self.finish(id, run_id).await.is_none() {
                    return;
                }
            }
        }
    }

    /// `None`: the server is gone. A conflict is no fault: the claim may have expired on a slow machine.
    async fn finish(&self, id: TaskId, run_id: usize) -> Option<()> {
        let (verb, body, state) = match self.rng.range(0..20) {
            0 => ("exception", json!({ "reason": "worker-shutdown" }), "exception"),
            1 | 2 => ("failed", json!({}), "failed"),
            _ => ("completed", json!({}), "completed"),
        };
        let answer = self.client.run(id, run_id, verb, &body).await.ok()?;
        match answer.status {
            200 => self.ledger.reported(id, run_id, state),
            409 => {}
            _ => return None,
        }
        Some(())
    }
}

fn run_of(claim: &Value) -> (TaskId, usize) {
    let id = claim["status"]["taskId"].as_str().unwrap().parse().unwrap();
    (id, usize::try_from(claim["runId"].as_u64().unwrap()).unwrap())
}

async fn open_tasks(client: &Client) -> u64 {
    let path = format!("task-queues/{}/counts", QUEUE.replace('/', "%2F"));
    let counts = client.get(&path).await.unwrap().ok();
    counts["pendingTasks"].as_u64().unwrap() + counts["claimedTasks"].as_u64().unwrap()
}
